//! Which columns a mapping needs, each once, so that a row is read into as many cells.

use super::{BetterFrom, Mapping, Numbers, SubjectFrom, TextOrColumn, ValueFrom};
use crate::model::{Better, Statistic};

/// A mapping whose columns are numbered.
pub(super) struct Plan<'m> {
    pub(super) mapping: &'m Mapping,
    pub(super) needed: Vec<Need<'m>>,
    pub(super) subject: SubjectAt<'m>,
    pub(super) run: Option<usize>,
    pub(super) time: Option<usize>,
    pub(super) success: Option<usize>,
    pub(super) values: Vec<ValueAt<'m>>,
}

#[derive(Debug)]
pub(super) struct Need<'m> {
    pub(super) name: &'m str,
    /// Records of JSON may lack it.
    pub(super) optional: bool,
}

pub(super) enum SubjectAt<'m> {
    Columns(Vec<usize>),
    Text(&'m str),
}

#[derive(Clone, Copy)]
pub(super) enum At<'m> {
    Text(&'m str),
    Column(usize),
}

#[derive(Clone, Copy)]
pub(super) enum BetterAt {
    Usual,
    Said(Better),
    Column(usize),
}

pub(super) enum NumbersAt {
    Column(usize),
    Quantiles {
        points: Vec<(Statistic, usize)>,
        n: usize,
    },
    Share {
        count: usize,
        of: usize,
    },
}

pub(super) struct ValueAt<'m> {
    pub(super) metric: At<'m>,
    pub(super) unit: At<'m>,
    pub(super) better: BetterAt,
    pub(super) numbers: NumbersAt,
    pub(super) optional: bool,
}

/// The numbers of columns as they are asked for.
#[derive(Default)]
struct Numbered<'m>(Vec<Need<'m>>);

impl<'m> Numbered<'m> {
    fn at(&mut self, name: &'m str, optional: bool) -> usize {
        let known = self.0.iter().position(|need| need.name == name);
        match known {
            Some(at) => {
                if let Some(need) = self.0.get_mut(at) {
                    need.optional &= optional;
                }
                at
            }
            None => {
                self.0.push(Need { name, optional });
                self.0.len() - 1
            }
        }
    }

    fn named(&mut self, named: &'m TextOrColumn, optional: bool) -> At<'m> {
        match named {
            TextOrColumn::Text(text) => At::Text(text),
            TextOrColumn::Column(name) => At::Column(self.at(name, optional)),
        }
    }

    fn value(&mut self, value: &'m ValueFrom) -> ValueAt<'m> {
        let optional = value.optional;
        ValueAt {
            metric: self.named(&value.metric, false),
            unit: self.named(&value.unit, optional),
            better: match &value.better {
                BetterFrom::Usual => BetterAt::Usual,
                BetterFrom::Said(better) => BetterAt::Said(*better),
                BetterFrom::Column(name) => BetterAt::Column(self.at(name, optional)),
            },
            numbers: match &value.numbers {
                Numbers::Column(name) => NumbersAt::Column(self.at(name, optional)),
                Numbers::Quantiles { points, n } => NumbersAt::Quantiles {
                    points: points
                        .iter()
                        .map(|(statistic, name)| (*statistic, self.at(name, optional)))
                        .collect(),
                    n: self.at(n, optional),
                },
                Numbers::Share { count, of } => NumbersAt::Share {
                    count: self.at(count, optional),
                    of: self.at(of, optional),
                },
            },
            optional,
        }
    }
}

impl<'m> Plan<'m> {
    pub(super) fn of(mapping: &'m Mapping) -> Self {
        let mut numbered = Numbered::default();
        let subject = match &mapping.subject {
            SubjectFrom::Columns(names) => {
                let columns = names.iter().map(|name| numbered.at(name, false));
                SubjectAt::Columns(columns.collect())
            }
            SubjectFrom::Text(text) => SubjectAt::Text(text),
        };
        let mut one = |name: Option<&'m String>| name.map(|name| numbered.at(name, false));
        let run = one(mapping.run.as_ref());
        let time = one(mapping.time.as_ref().map(|time| &time.column));
        let success = one(mapping.success.as_ref().map(|success| &success.column));
        let values = mapping.values.iter().map(|value| numbered.value(value));
        let values = values.collect();
        Self {
            mapping,
            subject,
            run,
            time,
            success,
            values,
            needed: numbered.0,
        }
    }
}
