//! A process that uses what it is told to: this test binary once more. It answers each order with what it really used.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

const NAME: &str = "LOAD_WATCH_WORKER";

pub(crate) struct Worker {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start() -> Self {
        Self::of(Command::new(std::env::current_exe().unwrap()))
    }

    /// The leader of a process group.
    pub(crate) fn start_in_group() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.process_group(0);
        Self::of(command)
    }

    /// Under a name of its own, which is that of the file.
    pub(crate) fn named(name: &str, folder: &Path) -> Self {
        let path = folder.join(name);
        if !path.exists() {
            std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &path).unwrap();
        }
        Self::of(Command::new(path))
    }

    fn of(mut command: Command) -> Self {
        let mut process = command
            .args([
                "--exact",
                "--ignored",
                "--nocapture",
                "watch::worker::working",
            ])
            .env(NAME, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // One whose reader was killed would complain.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut worker = Self {
            orders: process.stdin.take(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        };
        // It is there once it has answered.
        worker.order("burn 0");
        worker
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it used, in the unit of the order.
    pub(crate) fn order(&mut self, order: &str) -> f64 {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        loop {
            let mut line = String::new();
            assert_ne!(self.answers.read_line(&mut line).unwrap(), 0, "{order}");
            if let Some((_, answer)) = line.split_once("did ") {
                return answer.trim().parse().unwrap();
            }
        }
    }

    pub(crate) fn end(self) {
        drop(self);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Nanoseconds of CPU time of this thread.
fn used() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

fn burn(milliseconds: u64) -> f64 {
    let began = used();
    let mut round = 0_u64;
    loop {
        for _ in 0..20_000 {
            round = std::hint::black_box(round.wrapping_mul(31).wrapping_add(7));
        }
        let milli = (used() - began) as f64 / 1e6;
        if milli >= milliseconds as f64 {
            return milli;
        }
    }
}

/// A child that works and is waited for.
fn child(milliseconds: u64) -> f64 {
    let mut worker = Worker::start();
    let did = worker.order(&format!("burn {milliseconds}"));
    // Without orders to come it ends by itself.
    worker.orders = None;
    worker.process.wait().unwrap();
    did
}

#[test]
#[ignore = "the worker of the tests, which run it as a process"]
fn working() {
    assert!(std::env::var_os(NAME).is_some(), "started by hand");
    let (mut held, mut files, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (order, amount) = line.split_once(' ').unwrap();
        let (amount, place) = amount.split_once(' ').unwrap_or((amount, ""));
        let amount: u64 = amount.parse().unwrap();
        let did = match order {
            "burn" => burn(amount),
            // Each lives shorter than any look.
            "threads" => (0..amount)
                .map(|_| std::thread::spawn(|| burn(5)).join().unwrap())
                .sum(),
            "child" => child(amount),
            "keep" => {
                kept.extend((0..amount).map(|_| Worker::start()));
                amount as f64
            }
            "hold" => {
                held.push(vec![1_u8; usize::try_from(amount << 20).unwrap()]);
                amount as f64
            }
            "release" => {
                held.clear();
                amount as f64
            }
            "open" => {
                files.extend((0..amount).map(|_| File::open("/dev/null").unwrap()));
                amount as f64
            }
            "write" => {
                let mut file = File::create(place).unwrap();
                let bytes = vec![7_u8; usize::try_from(amount << 20).unwrap()];
                file.write_all(&bytes).unwrap();
                file.sync_all().unwrap();
                amount as f64
            }
            "pause" => {
                std::thread::sleep(Duration::from_millis(amount));
                amount as f64
            }
            other => panic!("{other}"),
        };
        println!("did {did}");
    }
}
