//! On which cores what is measured runs, and on which perfgate itself does.

use std::fmt;

/// The two do not meet on any core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cores {
    measured: Vec<usize>,
    own: Vec<usize>,
}

impl Cores {
    /// One core for perfgate, with its twin threads where the machine has others, and all others for what is measured.
    /// `None` where there is but one core, or the system has no such thing.
    pub fn apart() -> Option<Self> {
        let all = system::allowed()?;
        Self::divided(&all, system::twins)
    }

    /// These for what is measured, and the others for perfgate, if there are any.
    pub fn of(asked: &[usize]) -> Result<Self, String> {
        let all = system::allowed().ok_or("this system binds no process to a core")?;
        if let Some(missing) = asked.iter().find(|core| !all.contains(core)) {
            return Err(format!(
                "there is no core {missing} for us, only {}",
                Listed(&all)
            ));
        }
        let rest: Vec<usize> = all.iter().copied().filter(|c| !asked.contains(c)).collect();
        Ok(Self {
            measured: asked.to_vec(),
            own: if rest.is_empty() { all } else { rest },
        })
    }

    fn divided(all: &[usize], twins: impl Fn(usize) -> Vec<usize>) -> Option<Self> {
        let first = *all.first()?;
        let without = |own: &[usize]| -> Vec<usize> {
            all.iter()
                .copied()
                .filter(|core| !own.contains(core))
                .collect()
        };
        let twins = twins(first);
        let own = match without(&twins).is_empty() {
            false if twins.contains(&first) => twins,
            _ => vec![first],
        };
        let measured = without(&own);
        (!measured.is_empty()).then_some(Self { measured, own })
    }

    /// Binds the calling thread, and all threads and processes that it starts from now on.
    pub fn take_own(&self) -> std::io::Result<()> {
        system::bind(None, &self.own)
    }

    /// Binds a process that has started nothing yet.
    pub(super) fn bind(&self, pid: u32) -> std::io::Result<()> {
        system::bind(Some(pid), &self.measured)
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (measured, own) = (Listed(&self.measured), Listed(&self.own));
        write!(f, "what is measured ran on {measured}, perfgate on {own}")
    }
}

/// `core 1`, `cores 1, 2, 3`
struct Listed<'c>(&'c [usize]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores: Vec<String> = self.0.iter().map(usize::to_string).collect();
        let word = if cores.len() == 1 { "core" } else { "cores" };
        write!(f, "{word} {}", cores.join(", "))
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::{fs, io};

    use rustix::process::Pid;
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    pub(super) fn allowed() -> Option<Vec<usize>> {
        let set = sched_getaffinity(None).ok()?;
        Some(
            (0..CpuSet::MAX_CPU)
                .filter(|core| set.is_set(*core))
                .collect(),
        )
    }

    /// The threads of the processor that share a core with this one, itself among them.
    pub(super) fn twins(core: usize) -> Vec<usize> {
        let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
        let text = fs::read_to_string(path).unwrap_or_default();
        super::listed(text.trim()).unwrap_or_default()
    }

    pub(super) fn bind(pid: Option<u32>, cores: &[usize]) -> io::Result<()> {
        let pid = match pid {
            None => None,
            Some(pid) => {
                let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
                Some(pid.ok_or(io::ErrorKind::NotFound)?)
            }
        };
        let mut set = CpuSet::new();
        for core in cores.iter().filter(|core| **core < CpuSet::MAX_CPU) {
            set.set(*core);
        }
        Ok(sched_setaffinity(pid, &set)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn allowed() -> Option<Vec<usize>> {
        None
    }

    pub(super) fn twins(_core: usize) -> Vec<usize> {
        Vec::new()
    }

    pub(super) fn bind(_pid: Option<u32>, _cores: &[usize]) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

/// `0,2-5` as the kernel writes it, in order and without repetitions.
pub fn listed(text: &str) -> Option<Vec<usize>> {
    /// No machine has more.
    const MOST: usize = 4096;
    let mut cores = Vec::new();
    for part in text.split(',') {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high): (usize, usize) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
        if low > high || high >= MOST {
            return None;
        }
        cores.extend(low..=high);
    }
    cores.sort_unstable();
    cores.dedup();
    Some(cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfgate_has_one_core_and_its_twin_where_others_are_left() {
        let alone = |core: usize| vec![core];
        let pairs = |core: usize| vec![core / 2 * 2, core / 2 * 2 + 1];
        let told = |cores: Option<Cores>| cores.map(|cores| cores.to_string());
        let divided =
            |all: &[usize], twins: fn(usize) -> Vec<usize>| told(Cores::divided(all, twins));
        let of_two = "what is measured ran on core 1, perfgate on core 0";
        assert_eq!(divided(&[0, 1], alone).as_deref(), Some(of_two));
        // Two threads of one core are all there is.
        assert_eq!(divided(&[0, 1], pairs).as_deref(), Some(of_two));
        assert_eq!(
            divided(&[2, 3, 4, 5], pairs).as_deref(),
            Some("what is measured ran on cores 4, 5, perfgate on cores 2, 3")
        );
        // A system that does not tell of twins.
        assert!(divided(&[0, 1], |_| Vec::new()).is_some());
        assert_eq!(divided(&[3], alone), None);
    }

    #[test]
    fn a_list_of_cores_is_read_as_the_kernel_writes_it() {
        assert_eq!(listed("0,2-4,3"), Some(vec![0, 2, 3, 4]));
        for wrong in ["", "a", "3-1", "0-99999999", "1,,2", "-1"] {
            assert_eq!(listed(wrong), None, "{wrong}");
        }
    }
}
