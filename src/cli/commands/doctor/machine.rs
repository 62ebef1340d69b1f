//! What of this machine makes measurements differ, as far as the system tells it.

use std::fs;

pub(super) fn facts() -> Vec<String> {
    let read = |path: &str| {
        fs::read_to_string(path)
            .ok()
            .map(|text| text.trim().to_owned())
    };
    let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    let smt = read("/sys/devices/system/cpu/smt/active");
    let load = read("/proc/loadavg").and_then(|text| text.split(' ').next().map(str::to_owned));
    let steal = read("/proc/stat").and_then(|text| stolen(&text));
    let facts = [
        governor.map(|governor| format!("governor {governor}")),
        smt.map(|smt| format!("SMT {}", if smt == "1" { "on" } else { "off" })),
        load.map(|load| format!("load {load}")),
        steal.map(|share| format!("steal {share:.1} % since it started")),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    match facts.is_empty() {
        true => vec!["the system tells nothing".to_owned()],
        false => facts,
    }
}

/// The share of CPU time that the host gave to other machines: the eighth number of the first line (proc_stat(5)).
fn stolen(text: &str) -> Option<f64> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let times: Vec<f64> = line
        .split_whitespace()
        .take(8)
        .map_while(|word| word.parse().ok())
        .collect();
    let all: f64 = times.iter().sum();
    let steal = times.get(7)?;
    (all > 0.0).then(|| 100.0 * steal / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steal_is_a_share_of_all_time() {
        assert_eq!(stolen("cpu  10 0 10 70 0 0 0 10 5 0\ncpu0 1"), Some(10.0));
        assert_eq!(stolen("cpu  1 2 3\n"), None);
    }
}
