//! A small server that is this test binary once more, and what the system tells of processes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use perfgate::load::scenario::{Ready, Service};

const PORT: &str = "LOAD_SERVICE_PORT";

/// A port of loopback that was free a moment ago.
pub(crate) struct Port(u16);

impl Port {
    pub(crate) fn free() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self(listener.local_addr().unwrap().port())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/health", self.0)
    }

    pub(crate) fn listen(&self) -> TcpListener {
        TcpListener::bind((Ipv4Addr::LOCALHOST, self.0)).unwrap()
    }

    pub(crate) fn answers(&self) -> bool {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.0)).is_ok()
    }

    /// `$SERVE` in the command is the server.
    pub(crate) fn service(&self, command: &str) -> Service {
        let serve = r#""$SERVER" --exact --ignored --nocapture service::served::serving"#;
        // The folder of this binary may have any name.
        let server = std::env::current_exe().unwrap();
        let server = server.to_str().unwrap().to_owned();
        let environment = [("SERVER", server), (PORT, self.0.to_string())];
        Service {
            command: command.replace("$SERVE", serve),
            folder: std::env::temp_dir(),
            environment: environment
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            ready: Ready {
                url: self.url(),
                status: 200,
                within: Duration::from_secs(10),
            },
            stop_within: Duration::from_secs(5),
            profile: None,
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
#[ignore = "the server of the tests, which run it as a process"]
fn serving() {
    std::thread::sleep(Duration::from_millis(number("LATE").unwrap_or(0)));
    let port = std::env::var(PORT).unwrap().parse().unwrap();
    let listener = Port(port).listen();
    if let Some(life) = number("LIFE") {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(life));
            println!("my life is over");
            std::process::exit(7);
        });
    }
    if std::env::var_os("NOISE").is_some() {
        let line = "x".repeat(4000);
        std::thread::spawn(move || {
            loop {
                println!("{line}");
            }
        });
    }
    let status = std::env::var("STATUS").unwrap_or("200".to_owned());
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut buffer = [0; 4096];
        if stream.read(&mut buffer).unwrap_or(0) == 0 {
            continue;
        }
        if status == "silence" {
            std::thread::sleep(Duration::from_secs(60));
        }
        let answer =
            format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        drop(stream.write_all(answer.as_bytes()));
    }
}

pub(crate) fn within(patience: Duration, is_so: impl Fn() -> bool) -> bool {
    let until = Instant::now() + patience;
    while !is_so() {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// What `ps` tells: number, parent, group, state and command of every process.
fn processes() -> Vec<(u32, u32, u32, String, String)> {
    let numbers = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let described = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        Some((
            pid,
            fields.get(1)?.parse().ok()?,
            fields.get(2)?.parse().ok()?,
            fields.first()?.to_string(),
            String::from_utf8_lossy(&command).into_owned(),
        ))
    };
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(numbers).filter_map(described).collect()
}

pub(crate) fn is_running(pid: u32) -> bool {
    processes()
        .iter()
        .any(|(own, _, _, state, _)| *own == pid && state != "Z")
}

/// Those of a group that live.
pub(crate) fn group(group: u32) -> Vec<u32> {
    let all = processes().into_iter();
    all.filter(|(_, _, own, state, _)| *own == group && state != "Z")
        .map(|(pid, ..)| pid)
        .collect()
}

/// Those that this process started and has not reaped.
pub(crate) fn children() -> Vec<u32> {
    let all = processes().into_iter();
    all.filter(|(_, parent, ..)| *parent == std::process::id())
        .map(|(pid, ..)| pid)
        .collect()
}

pub(crate) fn watchdogs_over(group: u32) -> Vec<u32> {
    let all = processes().into_iter();
    let last = format!("\0{group}\0");
    all.filter(|(.., command)| command.contains("kill -s TERM") && command.ends_with(&last))
        .map(|(pid, ..)| pid)
        .collect()
}

/// By their numbers.
pub(crate) fn open_files(pid: u32) -> BTreeMap<String, String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let entry = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).unwrap();
        let number = entry.file_name().to_string_lossy().into_owned();
        (number, target.to_string_lossy().into_owned())
    };
    entries.map(entry).collect()
}
