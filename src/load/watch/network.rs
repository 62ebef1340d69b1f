//! Bytes on the network, as `/proc/net/dev` counts them by interface.

use std::fs;

/// Sums in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) received: u64,
    pub(super) sent: u64,
    /// What stayed on the machine.
    pub(super) looped: u64,
}

impl Traffic {
    /// Of this machine, or of the container that perfgate runs in.
    pub(super) fn of_the_machine() -> Option<Self> {
        parse(&fs::read_to_string("/proc/net/dev").ok()?)
    }

    /// Of the network that a process has of its own, as in a container. `None` where it shares that of perfgate, and with it
    /// what others send.
    pub(super) fn of_process(pid: u32) -> Option<Self> {
        let own = fs::read_link(format!("/proc/{pid}/ns/net")).ok()?;
        if own == fs::read_link("/proc/self/ns/net").ok()? {
            return None;
        }
        parse(&fs::read_to_string(format!("/proc/{pid}/net/dev")).ok()?)
    }
}

fn parse(text: &str) -> Option<Traffic> {
    let mut traffic = Traffic::default();
    // The first two lines are the heading.
    for line in text.lines().skip(2) {
        let (interface, counts) = line.split_once(':')?;
        let counts: Vec<u64> = counts
            .split_ascii_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?;
        let (received, sent) = (*counts.first()?, *counts.get(8)?);
        if interface.trim() == "lo" {
            traffic.looped += received;
        } else {
            traffic.received += received;
            traffic.sent += sent;
        }
    }
    Some(traffic)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Debian 12, Linux 6.1: `cat /proc/net/dev`.
    const DEV: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  500000     300    0    0    0     0          0         0   500000     300    0    0    0     0       0          0
  eth0:    7000      10    0    0    0     0          0         0     9000      12    0    0    0     0       0          0
  eth1:      30       1    0    0    0     0          0         0       40       1    0    0    0     0       0          0
";

    #[test]
    fn what_stays_on_the_machine_is_apart_from_what_leaves_it() {
        let expected = Traffic {
            received: 7030,
            sent: 9040,
            looped: 500_000,
        };
        assert_eq!(parse(DEV), Some(expected));
        assert_eq!(parse("a\nb\nlo: 1 2\n"), None);
    }
}
