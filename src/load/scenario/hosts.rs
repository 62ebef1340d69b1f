//! The hosts of a scenario: its base, and those that it names beside it.

use super::Base;
use super::surroundings::Reader;
use super::template::is_name;
use super::values::NAME_HINT;
use crate::text::nearest;
use crate::toml_file::{FilledText, FreeTable, Located, Problem};

/// A host that a scenario names beside its base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub base: Base,
}

/// Where a step is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Destination {
    #[default]
    Base,
    /// By its place among the hosts of the scenario.
    Host(usize),
}

/// What there is once for the base and once for each host.
#[derive(Clone, Debug)]
pub struct PerHost<T> {
    base: T,
    hosts: Vec<T>,
}

impl<T> PerHost<T> {
    pub fn new(base: T, hosts: Vec<T>) -> Self {
        Self { base, hosts }
    }

    pub fn of(&self, destination: Destination) -> &T {
        match destination {
            Destination::Base => &self.base,
            Destination::Host(number) => self.hosts.get(number).unwrap_or(&self.base),
        }
    }

    pub fn of_mut(&mut self, destination: Destination) -> &mut T {
        match destination {
            Destination::Base => &mut self.base,
            Destination::Host(number) => self.hosts.get_mut(number).unwrap_or(&mut self.base),
        }
    }

    /// Another thing for each.
    pub fn map<U>(&self, of: impl Fn(&T) -> U) -> PerHost<U> {
        PerHost {
            base: of(&self.base),
            hosts: self.hosts.iter().map(of).collect(),
        }
    }

    /// Each with where it belongs.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Destination, &mut T)> {
        let hosts = self.hosts.iter_mut().enumerate();
        let hosts = hosts.map(|(number, one)| (Destination::Host(number), one));
        [(Destination::Base, &mut self.base)]
            .into_iter()
            .chain(hosts)
    }
}

/// The addresses of a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Addresses<'s> {
    pub base: &'s Base,
    pub hosts: &'s [Host],
}

impl<'s> Addresses<'s> {
    pub fn of(self, destination: Destination) -> &'s Base {
        match destination {
            Destination::Base => self.base,
            Destination::Host(number) => {
                self.hosts.get(number).map_or(self.base, |host| &host.base)
            }
        }
    }

    /// All of them, the base first.
    pub fn iter(self) -> impl Iterator<Item = (Destination, &'s Base)> {
        let hosts = self.hosts.iter().enumerate();
        let hosts = hosts.map(|(number, host)| (Destination::Host(number), &host.base));
        [(Destination::Base, self.base)].into_iter().chain(hosts)
    }
}

pub(super) fn hosts(
    table: Option<&FreeTable<FilledText>>,
    reader: &Reader<'_>,
) -> Result<Vec<Host>, Problem> {
    let mut hosts = Vec::new();
    for (name, address) in table.iter().flat_map(|table| table.entries()) {
        if !is_name(name) {
            return Err(address.error("it is no name for a host").hint(NAME_HINT));
        }
        hosts.push(Host {
            name: name.to_owned(),
            base: Base::parse(&reader.text(address)?).map_err(|why| address.error(why))?,
        });
    }
    Ok(hosts)
}

/// Where a step is sent that says `host = "…"`.
pub(super) fn destination(
    host: Option<&Located<FilledText>>,
    hosts: &[Host],
) -> Result<Destination, Problem> {
    let Some(host) = host else {
        return Ok(Destination::Base);
    };
    let wanted = host.trim();
    if let Some(number) = hosts.iter().position(|known| known.name == wanted) {
        return Ok(Destination::Host(number));
    }
    let names = || hosts.iter().map(|known| known.name.as_str());
    let hint = match (nearest::near(wanted, names()), hosts) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => format!("write [hosts] and below it {wanted} = \"http://127.0.0.1:9000\""),
        (None, _) => format!("known are {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(host.error(format!("[hosts] has no `{wanted}`")).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_destination_has_its_own_and_an_unknown_one_that_of_the_base() {
        let mut each = PerHost::new(0, vec![1, 2]);
        for (_, one) in each.iter_mut() {
            *one *= 10;
        }
        *each.of_mut(Destination::Host(1)) += 1;
        let seen = [
            Destination::Base,
            Destination::Host(0),
            Destination::Host(1),
            Destination::Host(2),
        ]
        .map(|destination| *each.of(destination));
        assert_eq!(seen, [0, 10, 21, 0]);
    }
}
