//! What the system allows one process, and what the users of a scenario need of it.

use anyhow::anyhow;

use crate::hint::WithHint;
use crate::load::scenario::{AT_ONCE, Load, Protocol, Scenario};

/// Raises the limit of open files as far as the system allows without privileges. Where that fails, connects fail later
/// and say so.
pub fn raise() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised).ok();
    }
}

/// The memory of a user with its connection, counting both ends, because the service may be on the same machine.
/// Measured, and rounded up.
const MEMORY_OF_A_USER: u64 = 16 * 1024;
/// The files that perfgate opens besides its connections: its streams, and a few for each of its threads.
const OTHER_FILES: u64 = 32;

/// Refuses more users than this machine can have, before the first of them is started. Only closed levels are checked:
/// an open level adds users as it needs them, and its `max_users` is only an upper limit.
pub fn check(scenario: &Scenario) -> anyhow::Result<()> {
    let users = scenario
        .levels
        .iter()
        .filter_map(|level| match &level.load {
            Load::Closed(closed) => u64::try_from(closed.users.get()).ok(),
            Load::Open(_) => None,
        });
    let users = users.max().unwrap_or(0);
    let shared = match scenario.protocol {
        Protocol::Http1 => 1,
        Protocol::Http2 { streams } => u64::try_from(streams.get()).unwrap_or(1),
    };
    let hosts = u64::try_from(scenario.hosts.len()).unwrap_or(u64::MAX);
    let at_once = match scenario.protocol {
        Protocol::Http1 => most_at_once(scenario),
        Protocol::Http2 { .. } => 1,
    };
    let needs = Needs {
        users,
        shared,
        each: hosts.saturating_add(1).saturating_mul(at_once),
    };
    refuse(&needs, &SystemLimits::here())
}

/// The most requests that one user sends at the same time over connections of their own.
fn most_at_once(scenario: &Scenario) -> u64 {
    let mut most = 1;
    for flow in &scenario.flows {
        let mut now = 1;
        for step in flow.once.iter().chain(&flow.steps) {
            now = if step.together { now + 1 } else { 1 };
            most = most.max(now);
        }
    }
    u64::try_from(most.min(AT_ONCE)).unwrap_or(1)
}

/// The limits of this machine. `None` where there is no limit or the system does not tell it.
#[derive(Clone, Copy, Debug, Default)]
struct SystemLimits {
    files: Option<u64>,
    ports: Option<u64>,
    memory: Option<u64>,
}

impl SystemLimits {
    fn here() -> Self {
        Self {
            files: files(),
            ports: read("/proc/sys/net/ipv4/ip_local_port_range").and_then(|range| {
                let mut ends = range.split_whitespace().map(str::parse::<u64>);
                let (low, high) = (ends.next()?.ok()?, ends.next()?.ok()?);
                Some((high + 1).saturating_sub(low))
            }),
            memory: read("/proc/meminfo").and_then(|all| {
                let line = all
                    .lines()
                    .find_map(|line| line.strip_prefix("MemAvailable:"))?;
                let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
                Some(kib * 1024)
            }),
        }
    }
}

#[cfg(unix)]
fn files() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
fn files() -> Option<u64> {
    None
}

/// Reads a file that only Linux has.
fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// What a scenario needs of the machine.
#[derive(Clone, Copy, Debug)]
struct Needs {
    users: u64,
    /// The number of users that share a connection.
    shared: u64,
    /// The number of connections of each user.
    each: u64,
}

/// Refuses the users where a limit is lower.
fn refuse(needs: &Needs, allowed: &SystemLimits) -> anyhow::Result<()> {
    let Needs {
        users,
        shared,
        each,
    } = *needs;
    let users_of = |connections: u64| connections.saturating_mul(shared);
    let limits = [
        allowed.ports.map(|ports| {
            (
                users_of(ports),
                format!("{ports} local ports (net.ipv4.ip_local_port_range)"),
            )
        }),
        allowed.files.map(|files| {
            let users = users_of(files.saturating_sub(OTHER_FILES) / each);
            (users, format!("{files} open files (ulimit -n)"))
        }),
        allowed.memory.map(|memory| {
            let mib = memory / (1024 * 1024);
            (
                memory / MEMORY_OF_A_USER.saturating_mul(each),
                format!("{mib} MiB of free memory"),
            )
        }),
    ];
    let tightest = limits.into_iter().flatten().min_by_key(|(users, _)| *users);
    let Some((most, what)) = tightest.filter(|(most, _)| *most < users) else {
        return Ok(());
    };
    let connections = users.div_ceil(shared).saturating_mul(each);
    Err(anyhow!(
        "put on {users} users: they need {connections} connections, and this machine has {what}, enough for {most} users"
    ))
    .hint("raise that limit, ask for no more users than it allows, or let several machines put on the load and `perfgate merge` their runs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_refused_by_the_limit_that_is_reached_first() {
        let allowed = SystemLimits {
            files: Some(1032),
            ports: Some(28_232),
            memory: Some(1 << 30),
        };
        let refused = |users, shared, allowed: &SystemLimits| {
            let needs = Needs {
                users,
                shared,
                each: 1,
            };
            refuse(&needs, allowed).err().map(|error| error.to_string())
        };
        assert_eq!(refused(1000, 1, &allowed), None);
        let files = refused(1001, 1, &allowed).unwrap();
        assert!(
            files.contains("1032 open files") && files.contains("enough for 1000 users"),
            "{files}"
        );
        assert_eq!(refused(10_000, 10, &allowed), None);
        let two_hosts = Needs {
            users: 501,
            shared: 1,
            each: 2,
        };
        let files = refuse(&two_hosts, &allowed).unwrap_err().to_string();
        assert!(
            files.contains("1002 connections") && files.contains("enough for 500 users"),
            "{files}"
        );
        let ports = SystemLimits {
            files: None,
            ..allowed
        };
        let ports = refused(1_000_000, 1, &ports).unwrap();
        assert!(ports.contains("28232 local ports"), "{ports}");
        let memory = SystemLimits {
            files: None,
            ports: None,
            ..allowed
        };
        let memory = refused(1_000_000, 1, &memory).unwrap();
        assert!(
            memory.contains("1024 MiB") && memory.contains("65536 users"),
            "{memory}"
        );
        assert_eq!(refused(1_000_000, 1, &SystemLimits::default()), None);
    }
}
