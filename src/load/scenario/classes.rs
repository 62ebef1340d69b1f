//! Classes of users: each user is of one for as long as it is there, and takes the flows of its class alone.

use super::Flow;
use super::file::ClassFile;
use crate::text::nearest;
use crate::toml_file::{Located, Problem, Table, Tables};

/// Users that take the same flows.
#[derive(Clone, Debug, PartialEq)]
pub struct UserClass {
    /// How many there are, in proportion to the others.
    pub weight: f64,
    /// The flows, by their places in the scenario.
    pub flows: Vec<usize>,
}

pub(super) fn classes(
    files: &Tables<ClassFile>,
    flows: &[Flow],
) -> Result<Vec<UserClass>, Problem> {
    let mut classes: Vec<UserClass> = Vec::new();
    for file in files.iter() {
        classes.push(class(file, flows)?);
    }
    if classes.iter().all(|class| class.weight == 0.0) {
        return Err(Problem::at(
            files.span(),
            "every class has the weight 0, so no user would be of any",
        ));
    }
    let is_taken = |flow: usize| classes.iter().any(|class| class.flows.contains(&flow));
    let mut left = flows.iter().enumerate();
    match left.find(|(number, flow)| flow.weight > 0.0 && !is_taken(*number)) {
        None => Ok(classes),
        Some((_, flow)) => Err(Problem::at(
            files.span(),
            format!("no class takes the flow `{}`", flow.name),
        )
        .hint("name it in a class, or give the flow weight = 0")),
    }
}

fn class(file: &Located<Table<ClassFile>>, flows: &[Flow]) -> Result<UserClass, Problem> {
    let mut own: Vec<usize> = Vec::new();
    for name in file.flow.entries() {
        let wanted = name.trim();
        let Some(number) = flows.iter().position(|flow| flow.name == wanted) else {
            let names = || flows.iter().map(|flow| flow.name.as_str());
            let hint = match nearest::near(wanted, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", names().collect::<Vec<_>>().join(", ")),
            };
            return Err(name
                .error(format!("there is no flow `{wanted}`"))
                .hint(hint));
        };
        if own.contains(&number) {
            return Err(name.error("it stands there twice"));
        }
        own.push(number);
    }
    let takes_one = own.iter().any(|number| {
        let flow = flows.get(*number);
        flow.is_some_and(|flow| flow.weight > 0.0)
    });
    match takes_one {
        true => Ok(UserClass {
            weight: file.weight.as_ref().map_or(1.0, |weight| weight.0),
            flows: own,
        }),
        false => Err(file
            .flow
            .error("none of its flows is ever taken: their weight is 0")),
    }
}

/// The class of each of so many users. Any first of them are of the classes in proportion to their weights, so that
/// users who come and go leave the proportions as they are.
pub fn assigned(classes: &[UserClass], users: usize) -> Vec<usize> {
    let whole: f64 = classes.iter().map(|class| class.weight).sum();
    let mut due = vec![0.0; classes.len()];
    let mut each = Vec::with_capacity(users);
    for _ in 0..users {
        let mut most: Option<(usize, f64)> = None;
        for (number, (due, class)) in due.iter_mut().zip(classes).enumerate() {
            *due += class.weight;
            if class.weight > 0.0 && most.is_none_or(|(_, other)| *due > other) {
                most = Some((number, *due));
            }
        }
        let chosen = most.map_or(0, |(number, _)| number);
        if let Some(due) = due.get_mut(chosen) {
            *due -= whole;
        }
        each.push(chosen);
    }
    each
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_first_users_are_of_the_classes_in_proportion() {
        let classes = [7.0, 2.0, 0.0, 1.0].map(|weight| UserClass {
            weight,
            flows: vec![0],
        });
        let each = assigned(&classes, 1000);
        for count in 1..=1000 {
            for (number, class) in classes.iter().enumerate() {
                let first = &each[..count];
                let have = first.iter().filter(|one| **one == number).count() as f64;
                let want = count as f64 * class.weight / 10.0;
                assert!((have - want).abs() < 1.5, "{count}: {have} and {want}");
            }
        }
        assert_eq!(each.iter().filter(|one| **one == 0).count(), 700);
        assert!(assigned(&classes, 0).is_empty());
    }
}
