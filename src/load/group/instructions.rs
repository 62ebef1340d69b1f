//! The instructions that processes execute outside the kernel, counted by the processor where the system lets us.
//!
//! Virtual machines often have no counter for it, containers often may not ask for one, and other systems than Linux have
//! another way: then there is none.

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod counter {
    use perf_event::events::{Event, Hardware};
    use perf_event::{Builder, Counter};

    /// Counts one kind of event of a process and of all that it starts.
    #[derive(Debug)]
    pub(in crate::load::group) struct EventCounter(Counter);

    impl EventCounter {
        /// Counts instructions from the moment on when the process becomes another program.
        pub(in crate::load::group) fn of_instructions(pid: u32) -> Option<Self> {
            Self::of(Event::Hardware(Hardware::INSTRUCTIONS), pid)
        }

        pub(super) fn of(event: Event, pid: u32) -> Option<Self> {
            let mut builder = Builder::new()
                .kind(event)
                .observe_pid(pid.try_into().ok()?)
                .any_cpu();
            builder.inherit(true).enable_on_exec(true);
            builder.build().ok().map(Self)
        }

        /// What was counted until now. Where the processor counted only a part of the time, it is taken for all of it.
        pub(in crate::load::group) fn read(&mut self) -> Option<u64> {
            let read = self.0.read_count_and_time().ok()?;
            let (enabled, running) = (read.time_enabled, read.time_running);
            if running == 0 {
                return None;
            }
            let whole = u128::from(read.count) * u128::from(enabled) / u128::from(running);
            u64::try_from(whole).ok()
        }
    }
}

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod counter {
    /// Counts nothing here.
    #[derive(Debug)]
    pub(in crate::load::group) struct EventCounter;

    impl EventCounter {
        pub(in crate::load::group) fn of_instructions(_pid: u32) -> Option<Self> {
            None
        }

        pub(in crate::load::group) fn read(&mut self) -> Option<u64> {
            None
        }
    }
}

pub(super) use counter::EventCounter;

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    use perf_event::events::{Event, Software};

    use super::super::{Launch, ProcessGroup};
    use super::*;

    /// What a command counts, which ends by itself. `None` where nothing may be counted.
    fn counted(event: Event, command: &str) -> Option<u64> {
        let launch = Launch {
            command,
            folder: Path::new("/"),
            environment: &BTreeMap::new(),
            stdout: Stdio::null(),
            stderr: Stdio::null(),
        };
        let mut counter = None;
        let open = |pid: u32| {
            counter = EventCounter::of(event, pid);
            Ok(())
        };
        let mut group = ProcessGroup::launch_after(launch, open).unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        while group.leader_ended().is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(group.leader_ended().is_some_and(|ended| ended.is_success));
        let read = counter?.read();
        group.reap();
        read
    }

    /// The processor's counter is missing on many machines, so that the way to it is tried with one of the kernel's.
    #[test]
    fn what_a_child_of_the_command_does_is_counted_too() {
        let clock = || Event::Software(Software::TASK_CLOCK);
        let work = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        let Some(idle) = counted(clock(), "exit 0") else {
            eprintln!("SKIPPED: the system counts no events for us here");
            return;
        };
        let own = counted(clock(), work).unwrap();
        let childs = counted(clock(), &format!("/bin/sh -c '{work}'; exit $?")).unwrap();
        for nanoseconds in [own, childs] {
            assert!(nanoseconds > 3 * idle, "{idle} {own} {childs}");
        }
    }
}
