//! What Linux tells of one process under `/proc`.

use std::fs;
use std::io;
use std::path::PathBuf;

/// The parts of `/proc/PID/stat` that are of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::load) struct Stat {
    /// At most 15 bytes of the program's name, or what it named itself.
    pub(in crate::load) name: String,
    pub(in crate::load) state: char,
    pub(in crate::load) parent: u32,
    pub(in crate::load) group: u32,
    /// Clock ticks of the process with its ended threads.
    pub(in crate::load) ticks: u64,
    /// Clock ticks of the children that it has waited for, with theirs.
    pub(in crate::load) childrens_ticks: u64,
    /// Tells two processes of one number apart.
    pub(in crate::load) started: u64,
}

impl Stat {
    /// Dead, and only its number left for its parent to ask after.
    pub(in crate::load) fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) resident: u64,
    /// The most that was ever resident.
    pub(super) peak: u64,
}

/// Bytes that went from and to a disk, with those of children that were waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Io {
    pub(super) read: u64,
    pub(super) written: u64,
}

fn read(pid: u32, file: &str) -> io::Result<String> {
    // A process may name itself in any bytes.
    fs::read(format!("/proc/{pid}/{file}"))
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn is_there() -> bool {
    fs::exists("/proc/self/stat").unwrap_or(false)
}

/// Every process that can be seen; none where there is no `/proc`.
pub(super) fn all() -> Vec<u32> {
    numbers("/proc".into())
}

fn numbers(folder: PathBuf) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Whether anything of a process group runs; `None` where the system does not tell.
pub(in crate::load) fn group_is_alive(group: u32) -> Option<bool> {
    is_there().then(|| {
        all()
            .into_iter()
            .filter_map(stat)
            .any(|stat| stat.group == group && !stat.is_dead())
    })
}

/// `None` where there is no such process.
pub(in crate::load) fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&read(pid, "stat").ok()?)
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The name may hold spaces and parentheses; nothing behind it does.
    let (start, rest) = text.rsplit_once(')')?;
    let (_, name) = start.split_once('(')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // Numbered as in proc(5), where the name is the second.
    let field = |number: usize| fields.get(number.checked_sub(3)?).copied();
    let number = |at: usize| field(at)?.parse::<u64>().ok();
    Some(Stat {
        name: name.to_owned(),
        state: field(3)?.chars().next()?,
        parent: field(4)?.parse().ok()?,
        // Processes of other namespaces have none that we know.
        group: field(5)?.parse().unwrap_or(0),
        ticks: number(14)?.saturating_add(number(15)?),
        childrens_ticks: number(16)?.saturating_add(number(17)?),
        started: number(22)?,
    })
}

/// The program as it was called, without its folder.
pub(super) fn called(pid: u32) -> Option<String> {
    let line = read(pid, "cmdline").ok()?;
    let program = line.split(['\0', ' ']).next()?;
    let name = program.rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The CPU time of each living thread in nanoseconds; empty where the kernel does not count so finely.
pub(super) fn threads(pid: u32) -> Vec<(u32, u64)> {
    numbers(format!("/proc/{pid}/task").into())
        .into_iter()
        .filter_map(|thread| {
            let text = fs::read_to_string(format!("/proc/{pid}/task/{thread}/schedstat")).ok()?;
            let nanoseconds = text.split_ascii_whitespace().next()?.parse().ok()?;
            Some((thread, nanoseconds))
        })
        .collect()
}

pub(super) fn memory(pid: u32) -> io::Result<Memory> {
    read(pid, "status").map(|text| parse_memory(&text))
}

/// A dead process has no lines of memory.
fn parse_memory(text: &str) -> Memory {
    let bytes = |name: &str| {
        let value = labelled(text, name)?.strip_suffix("kB")?.trim();
        value.parse::<u64>().ok()?.checked_mul(1024)
    };
    let resident = bytes("VmRSS").unwrap_or(0);
    Memory {
        resident,
        peak: bytes("VmHWM").unwrap_or(0).max(resident),
    }
}

pub(super) fn io(pid: u32) -> io::Result<Io> {
    read(pid, "io").map(|text| parse_io(&text))
}

fn parse_io(text: &str) -> Io {
    let bytes = |name: &str| labelled(text, name)?.parse().ok();
    Io {
        read: bytes("read_bytes").unwrap_or(0),
        written: bytes("write_bytes").unwrap_or(0),
    }
}

fn labelled<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(label, _)| *label == name)
        .map(|(_, value)| value.trim())
}

pub(super) fn open_files(pid: u32) -> io::Result<u64> {
    let folder = format!("/proc/{pid}/fd");
    // Since Linux 6.2 the size of the folder is the number; before, it is 0 and the entries have to be counted.
    let size = fs::metadata(&folder)?.len();
    if size > 0 {
        return Ok(size);
    }
    let count = fs::read_dir(&folder)?.count();
    Ok(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Nanoseconds of one clock tick.
pub(super) fn tick() -> u64 {
    #[cfg(unix)]
    let ticks = rustix::param::clock_ticks_per_second();
    #[cfg(not(unix))]
    let ticks = 100;
    1_000_000_000 / ticks.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_is_read_whatever_the_process_calls_itself() {
        let text = "4242 (a) b (c) S 17 4242 4242 0 -1 4194560 2371 8163 0 0 130 24 41 9 20 0 12 0 998877 1 2 3";
        let stat = parse_stat(text).unwrap();
        assert_eq!(stat.name, "a) b (c");
        assert_eq!((stat.state, stat.parent, stat.group), ('S', 17, 4242));
        assert_eq!((stat.ticks, stat.childrens_ticks), (154, 50));
        assert_eq!(stat.started, 998_877);
        assert!(!stat.is_dead());
        for broken in ["", "1 (x", "1 (x) S", "1 (x) S 1 1 1 0 -1 a b c d e f g h"] {
            assert_eq!(parse_stat(broken), None, "{broken}");
        }
    }

    #[test]
    fn memory_and_io_are_read_as_the_kernel_writes_them() {
        let status =
            "Name:\tnginx\nVmPeak:\t   90000 kB\nVmHWM:\t    5120 kB\nVmRSS:\t    4096 kB\n";
        let memory = Memory {
            resident: 4 << 20,
            peak: 5 << 20,
        };
        assert_eq!(parse_memory(status), memory);
        assert_eq!(parse_memory("Name:\tzombie\n"), Memory::default());
        let text =
            "rchar: 9\nwchar: 9\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 1\n";
        let io = Io {
            read: 4096,
            written: 8192,
        };
        assert_eq!(parse_io(text), io);
    }
}
