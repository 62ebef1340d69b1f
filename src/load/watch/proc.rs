//! What Linux tells about a process in `/proc`.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::PathBuf;

/// The fields of `/proc/PID/stat` that are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::load) struct Stat {
    /// The program's name, cut at 15 bytes, or the name that the process gave itself.
    pub(in crate::load) name: String,
    pub(in crate::load) state: char,
    pub(in crate::load) parent: u32,
    pub(in crate::load) group: u32,
    /// Clock ticks of the process, including its ended threads.
    pub(in crate::load) ticks: u64,
    /// Clock ticks of the children that it has waited for, including their children.
    pub(in crate::load) childrens_ticks: u64,
    /// The start time, which tells two processes with the same number apart.
    pub(in crate::load) started: u64,
    /// How many threads it has.
    pub(super) threads: u64,
    /// Page faults of the process, without its children's.
    pub(in crate::load) faults: u64,
    /// Page faults of it, minor and major ones, and resident pages.
    memory: [u64; 3],
    /// Page faults of its children. With the above none stays the same while the process works for long.
    childrens_faults: [u64; 2],
}

impl Stat {
    /// Whether nothing shows that the process did anything since this was read before.
    pub(in crate::load) fn has_rested_since(&self, before: &Self) -> bool {
        self == before && self.state == 'S'
    }

    /// Whether it took no page and gave none back since this was read before.
    pub(super) fn has_the_memory_of(&self, before: &Self) -> bool {
        self.memory == before.memory
    }

    /// Whether it sleeps, and no thread beside its first can work.
    pub(super) fn sleeps_alone(&self) -> bool {
        self.state == 'S' && self.threads == 1
    }

    /// Whether the process is dead and only its entry is left.
    pub(in crate::load) fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// The memory of a process in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ProcessMemory {
    pub(super) resident: u64,
    /// The highest resident memory so far.
    pub(super) peak: u64,
}

/// Bytes read from and written to disks, including children that were waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ProcessIo {
    pub(super) read: u64,
    pub(super) written: u64,
}

/// Most files of a process are shorter, and come whole by one system call.
const USUAL: usize = 4096;

fn read(pid: u32, file: &str) -> io::Result<String> {
    content(&open(pid, file)?)
}

fn open(pid: u32, file: &str) -> io::Result<File> {
    File::open(format!("/proc/{pid}/{file}"))
}

fn content(mut file: &File) -> io::Result<String> {
    let mut usual = [0; USUAL];
    let length = file.read(&mut usual)?;
    let mut bytes = usual.get(..length).unwrap_or_default().to_vec();
    if length == USUAL {
        file.read_to_end(&mut bytes)?;
    }
    // A process may give itself a name in any bytes.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The files of a process that are read at every look, kept open: that spares finding them, and no other process can
/// take the place of one that has ended.
#[derive(Debug)]
pub(super) struct OpenProcess {
    stat: File,
    scheduled: Option<File>,
}

impl OpenProcess {
    pub(super) fn open(pid: u32) -> io::Result<Self> {
        Ok(Self {
            stat: open(pid, "stat")?,
            scheduled: open(pid, "schedstat").ok(),
        })
    }

    /// `None` where the process has ended.
    pub(super) fn stat(&self) -> Option<Stat> {
        (&self.stat).rewind().ok()?;
        parse_stat(&content(&self.stat).ok()?)
    }

    /// Its first thread, whose number is the process's; `None` where the kernel does not count.
    pub(super) fn scheduled(&self, pid: u32) -> Option<Scheduled> {
        let mut file = self.scheduled.as_ref()?;
        file.rewind().ok()?;
        parse_schedstat(pid, &content(file).ok()?)
    }
}

/// The number of the process or thread that was started last on this machine or in this container. As long as it stays,
/// there is nothing new. `None` where the system does not tell.
pub(super) fn last_started() -> Option<u64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let last = text.split_ascii_whitespace().next_back()?.parse().ok()?;
    (last > 0).then_some(last)
}

pub(super) fn is_there() -> bool {
    fs::exists("/proc/self/stat").unwrap_or(false)
}

/// All visible processes; none where there is no `/proc`.
pub(super) fn all() -> Vec<u32> {
    numbers("/proc".into())
}

fn numbers(folder: PathBuf) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Whether any process of a group runs; `None` where the system does not tell.
pub(in crate::load) fn group_is_alive(group: u32) -> Option<bool> {
    is_there().then(|| {
        all()
            .into_iter()
            .filter_map(stat)
            .any(|stat| stat.group == group && !stat.is_dead())
    })
}

/// The state of a process; `None` where it does not exist.
pub(in crate::load) fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&read(pid, "stat").ok()?)
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The name may contain spaces and parentheses; the fields after it do not.
    let (start, rest) = text.rsplit_once(')')?;
    let (_, name) = start.split_once('(')?;
    // Fields are numbered as in proc(5), where the name is the second. None behind the last here is used.
    let mut fields = [""; 24];
    for (field, text) in fields.iter_mut().skip(2).zip(rest.split_ascii_whitespace()) {
        *field = text;
    }
    let field = |number: usize| fields.get(number.checked_sub(1)?).copied();
    let number = |at: usize| field(at)?.parse::<u64>().ok();
    let unless_absent = |at: usize| number(at).unwrap_or(0);
    Some(Stat {
        name: name.to_owned(),
        state: field(3)?.chars().next()?,
        parent: field(4)?.parse().ok()?,
        // Processes of other namespaces have no group here.
        group: field(5)?.parse().unwrap_or(0),
        ticks: number(14)?.saturating_add(number(15)?),
        childrens_ticks: number(16)?.saturating_add(number(17)?),
        started: number(22)?,
        faults: unless_absent(10).saturating_add(unless_absent(12)),
        threads: unless_absent(20),
        memory: [10, 12, 24].map(unless_absent),
        childrens_faults: [11, 13].map(unless_absent),
    })
}

/// Page faults of a process and of the children that it has waited for, also of one that has ended and is not reaped.
pub(in crate::load) fn page_faults(pid: u32) -> Option<u64> {
    let text = read(pid, "stat").ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    // Fields 10 to 13 of proc(5), where the state behind the name is the third.
    let counts = rest.split_ascii_whitespace().skip(7).take(4);
    counts.map(|count| count.parse::<u64>().ok()).sum()
}

/// The name by which the program was called, without its folder.
pub(super) fn called(pid: u32) -> Option<String> {
    let line = read(pid, "cmdline").ok()?;
    let program = line.split(['\0', ' ']).next()?;
    let name = program.rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// What the scheduler tells of one thread, as sums since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scheduled {
    pub(super) thread: u32,
    /// Nanoseconds on a processor, and ready without one.
    pub(super) cpu: u64,
    pub(super) delay: u64,
    /// How often it was put on a processor.
    pub(super) turns: u64,
}

/// Each living thread; empty where the kernel does not count.
pub(super) fn threads(pid: u32) -> Vec<Scheduled> {
    numbers(format!("/proc/{pid}/task").into())
        .into_iter()
        .filter_map(|thread| {
            let text = read(pid, &format!("task/{thread}/schedstat")).ok()?;
            parse_schedstat(thread, &text)
        })
        .collect()
}

/// A kernel that does not count writes zeros, where no thread that ever ran has no time.
fn parse_schedstat(thread: u32, text: &str) -> Option<Scheduled> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<u64>);
    Some(Scheduled {
        thread,
        cpu: numbers.next()?.ok().filter(|cpu| *cpu > 0)?,
        delay: numbers.next().and_then(Result::ok).unwrap_or(0),
        turns: numbers.next().and_then(Result::ok).unwrap_or(0),
    })
}

pub(super) fn memory(pid: u32) -> io::Result<ProcessMemory> {
    read(pid, "status").map(|text| parse_memory(&text))
}

/// Parses memory; a dead process has none.
fn parse_memory(text: &str) -> ProcessMemory {
    let bytes = |name: &str| {
        let value = labelled(text, name)?.strip_suffix("kB")?.trim();
        value.parse::<u64>().ok()?.checked_mul(1024)
    };
    let resident = bytes("VmRSS").unwrap_or(0);
    ProcessMemory {
        resident,
        peak: bytes("VmHWM").unwrap_or(0).max(resident),
    }
}

pub(super) fn io(pid: u32) -> io::Result<ProcessIo> {
    read(pid, "io").map(|text| parse_io(&text))
}

fn parse_io(text: &str) -> ProcessIo {
    let bytes = |name: &str| labelled(text, name)?.parse().ok();
    ProcessIo {
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
    // Since Linux 6.2 the size of the folder is the number of files. Before, it is 0 and the entries have to be
    // counted.
    let size = fs::metadata(&folder)?.len();
    if size > 0 {
        return Ok(size);
    }
    let count = fs::read_dir(&folder)?.count();
    Ok(u64::try_from(count).unwrap_or(u64::MAX))
}

/// The length of a clock tick in nanoseconds.
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
        assert_eq!((stat.started, stat.threads), (998_877, 12));
        assert_eq!(stat.faults, 2_371);
        assert!(!stat.is_dead() && !stat.sleeps_alone());
        for broken in ["", "1 (x", "1 (x) S", "1 (x) S 1 1 1 0 -1 a b c d e f g h"] {
            assert_eq!(parse_stat(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_thread_tells_its_time_on_a_processor_without_one_and_its_turns() {
        let expected = Scheduled {
            thread: 7,
            cpu: 1_500,
            delay: 90,
            turns: 12,
        };
        assert_eq!(parse_schedstat(7, "1500 90 12\n"), Some(expected));
        for nothing in ["0 0 0\n", "", "not counted"] {
            assert_eq!(parse_schedstat(7, nothing), None);
        }
    }

    #[test]
    fn memory_and_io_are_read_as_the_kernel_writes_them() {
        let status =
            "Name:\tnginx\nVmPeak:\t   90000 kB\nVmHWM:\t    5120 kB\nVmRSS:\t    4096 kB\n";
        let memory = ProcessMemory {
            resident: 4 << 20,
            peak: 5 << 20,
        };
        assert_eq!(parse_memory(status), memory);
        assert_eq!(parse_memory("Name:\tzombie\n"), ProcessMemory::default());
        let text =
            "rchar: 9\nwchar: 9\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 1\n";
        let io = ProcessIo {
            read: 4096,
            written: 8192,
        };
        assert_eq!(parse_io(text), io);
    }
}
