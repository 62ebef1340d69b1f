//! The keys of a terminal while a run is shown, and how the terminal is left.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::desk::{Desk, comes, shop};
use super::signals::{send, send_until_it_ends};
use crate::support::server::{Reply, Script, Server};

/// Perfgate in front of a terminal of its own.
struct Seat {
    child: Child,
    /// What a person types is written here.
    keyboard: File,
    screen: Arc<Mutex<String>>,
    /// As long as it is open the terminal stays as it was left.
    _terminal: File,
}

impl Seat {
    fn run(desk: &Desk, line: &str) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let keyboard = openpt(flags).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = File::from(open(name, flags, Mode::empty()).unwrap());
        let perfgate = desk.command(line);
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(perfgate.get_program());
        command.args(perfgate.get_args());
        desk.at_home(&mut command);
        let end = || terminal.try_clone().unwrap();
        command.stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        let keyboard = File::from(keyboard);
        let screen = Arc::<Mutex<String>>::default();
        let (mut shown, seen) = (keyboard.try_clone().unwrap(), Arc::clone(&screen));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = shown.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                seen.lock().unwrap().push_str(&text);
            }
        });
        Self {
            child,
            keyboard,
            screen,
            _terminal: terminal,
        }
    }

    fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
    }

    fn shows_now(&self, text: &str) -> bool {
        self.screen.lock().unwrap().contains(text)
    }

    fn shows(&self, text: &str) -> bool {
        comes(|| self.shows_now(text))
    }

    /// Whether the terminal hands over single keys and shows none; otherwise it does neither.
    fn gives_single_keys(&self) -> bool {
        let modes = tcgetattr(&self.keyboard).unwrap().local_modes;
        let (lines, echo) = (LocalModes::ICANON, LocalModes::ECHO);
        assert_eq!(modes.contains(lines), modes.contains(echo));
        assert!(modes.contains(LocalModes::ISIG), "Ctrl-C is a signal");
        !modes.contains(lines)
    }

    fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        stat.is_ok_and(|stat| stat.contains(") T "))
    }
}

#[test]
fn t_tells_how_it_goes_and_ctrl_c_leaves_the_terminal_as_it_was() {
    let (desk, server) = (Desk::new(), shop());
    let url = server.url("/items");
    let line = format!("run {url} --users 2 --for 60s --output run.json");
    let mut seat = Seat::run(&desk, &line);
    assert!(seat.shows("measuring"));
    assert!(comes(|| seat.gives_single_keys()));
    assert!(!seat.shows_now(" so far"));
    seat.press(b"xt");
    assert!(seat.shows(" so far\r\n"));
    seat.press(b"\x03");
    assert_eq!(seat.child.wait().unwrap().code(), Some(130));
    assert!(!seat.gives_single_keys());
    assert_eq!(desk.document("run.json")["partial"], true);
}

#[test]
fn a_suspended_run_leaves_the_terminal_alone_and_so_does_one_that_is_ended_at_once() {
    let desk = Desk::new();
    let server = Server::start(Script::new().on("/items", |_| Reply::silence()));
    let url = server.url("/items");
    let line = format!("run {url} --users 1 --for 60s --output run.json");
    let mut seat = Seat::run(&desk, &line);
    assert!(comes(|| seat.gives_single_keys()));
    seat.press(b"\x1a");
    assert!(comes(|| seat.is_stopped()));
    assert!(!seat.gives_single_keys());
    send(&seat.child, Signal::CONT);
    assert!(comes(|| seat.gives_single_keys()));
    send_until_it_ends(&mut seat.child, Signal::TERM);
    assert_eq!(seat.child.wait().unwrap().code(), Some(130));
    assert!(!seat.gives_single_keys());
}
