//! Which of several places decides a setting: flag, then `PERFGATE_*`, then file, then default. What is not the
//! default is remembered with where it came from.

use anyhow::anyhow;

use crate::cli::env::Env;
use crate::cli::settings::config::Placed;
use crate::compare::Origin;
use crate::hint::WithHint;
use crate::toml_file::nearest;

/// A setting that is not what it is by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deviation {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) from: Origin,
}

/// How one setting is called, read and shown.
pub(crate) struct Setting<T> {
    /// As in the file: `max_regression`.
    pub(crate) name: &'static str,
    pub(crate) parse: fn(&str) -> Result<T, String>,
    pub(crate) show: fn(&T) -> String,
    /// As it would be shown; empty where there is none.
    pub(crate) default: &'static str,
}

/// The environment, where a command heeds it, and what has been decided so far.
pub(crate) struct Precedence<'e> {
    pub(crate) env: Option<&'e Env>,
    pub(crate) deviations: Vec<Deviation>,
}

impl Precedence<'_> {
    pub(crate) fn decide<T: Clone>(
        &mut self,
        setting: &Setting<T>,
        flag: Option<T>,
        file: Option<&Placed<T>>,
    ) -> anyhow::Result<Option<Placed<T>>> {
        let chosen = match flag {
            Some(value) => Some(Placed {
                value,
                from: Origin::new(format!("--{}", setting.name.replace('_', "-"))),
            }),
            None => self.variable(setting)?.or_else(|| file.cloned()),
        };
        if let Some(chosen) = &chosen {
            let value = (setting.show)(&chosen.value);
            if value != setting.default {
                self.deviations.push(Deviation {
                    name: setting.name,
                    value,
                    from: chosen.from.clone(),
                });
            }
        }
        Ok(chosen)
    }

    fn variable<T>(&self, setting: &Setting<T>) -> anyhow::Result<Option<Placed<T>>> {
        let variable = variable_name(setting.name);
        let Some(text) = self.env.and_then(|env| env.get(&variable)) else {
            return Ok(None);
        };
        match (setting.parse)(text) {
            Ok(value) => Ok(Some(Placed {
                value,
                from: Origin::new(variable),
            })),
            Err(why) => Err(anyhow!("read {variable}: {why}")).hint(format!(
                "correct the environment variable, or `unset {variable}`"
            )),
        }
    }
}

fn variable_name(setting: &str) -> String {
    format!("PERFGATE_{}", setting.to_uppercase())
}

/// Variables that look like a misspelt setting: ignored in silence they would loosen a gate.
pub(crate) fn misspelt(env: &Env, settings: &[&'static str]) -> Vec<String> {
    let known: Vec<String> = settings.iter().map(|name| variable_name(name)).collect();
    let names = || known.iter().map(String::as_str);
    env.names("PERFGATE_")
        .filter(|name| !names().any(|known| known == *name))
        .filter_map(|name| {
            let near = nearest::close(name, names())?;
            Some(format!("{name} is not read; did you mean {near}?"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::values;

    const LIMIT: Setting<f64> = Setting {
        name: "max_regression",
        parse: values::percent,
        show: |value| values::show_percent(*value),
        default: "5%",
    };

    fn placed(value: f64) -> Placed<f64> {
        Placed {
            value,
            from: Origin::new("perfgate.toml:3"),
        }
    }

    fn decide(flag: Option<f64>, env: &Env, file: Option<f64>) -> (Option<f64>, Vec<String>) {
        let mut precedence = Precedence {
            env: Some(env),
            deviations: Vec::new(),
        };
        let chosen = precedence
            .decide(&LIMIT, flag, file.map(placed).as_ref())
            .unwrap();
        let shown = precedence.deviations.iter();
        (
            chosen.map(|chosen| chosen.value),
            shown.map(|d| format!("{} {}", d.value, d.from)).collect(),
        )
    }

    #[test]
    fn a_flag_beats_the_environment_which_beats_the_file() {
        let (empty, set) = (
            Env::default(),
            Env::from_iter([("PERFGATE_MAX_REGRESSION", "7%")]),
        );
        let said = |text: &str| vec![text.to_owned()];
        assert_eq!(
            decide(Some(0.1), &set, Some(0.2)),
            (Some(0.1), said("10% --max-regression"))
        );
        assert_eq!(
            decide(None, &set, Some(0.2)),
            (Some(0.07), said("7% PERFGATE_MAX_REGRESSION"))
        );
        assert_eq!(
            decide(None, &empty, Some(0.2)),
            (Some(0.2), said("20% perfgate.toml:3"))
        );
        assert_eq!(decide(None, &empty, Some(0.05)), (Some(0.05), vec![]));
        assert_eq!(decide(None, &empty, None), (None, vec![]));
    }

    #[test]
    fn a_bad_variable_is_an_error_that_names_it_and_a_misspelt_one_is_told() {
        let env = Env::from_iter([
            ("PERFGATE_MAX_REGRESSION", "five"),
            ("PERFGATE_MAX_REGRESION", "5%"),
            ("PERFGATE_TOKEN", "x"),
        ]);
        let precedence = Precedence {
            env: Some(&env),
            deviations: Vec::new(),
        };
        let error = precedence.variable(&LIMIT).unwrap_err();
        assert!(format!("{error:#}").starts_with("read PERFGATE_MAX_REGRESSION: `five`"));
        assert_eq!(
            misspelt(&env, &["max_regression"]),
            ["PERFGATE_MAX_REGRESION is not read; did you mean PERFGATE_MAX_REGRESSION?"]
        );
    }
}
