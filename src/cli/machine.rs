//! The machine we are on, as far as it tells. What it does not tell stays empty.

use std::fs;

use super::env::Env;
use crate::model::Environment;

/// What results that were just measured here were measured on.
pub(super) fn detect(env: &Env) -> Environment {
    let read = |path: &str| fs::read_to_string(path).ok();
    Environment {
        os: Some(std::env::consts::OS.to_owned()),
        arch: Some(std::env::consts::ARCH.to_owned()),
        cpu: read("/proc/cpuinfo").and_then(|text| cpu(&text)),
        cores: std::thread::available_parallelism()
            .ok()
            .and_then(|cores| u32::try_from(cores.get()).ok()),
        memory_gib: read("/proc/meminfo").and_then(|text| memory_gib(&text)),
        runner: runner(env),
        kernel: read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()),
        image: image(env),
        compiler: None,
        key: None,
        assumed: false,
    }
}

/// The first model in `/proc/cpuinfo`; ARM kernels name none.
fn cpu(cpuinfo: &str) -> Option<String> {
    field(cpuinfo, "model name").or_else(|| field(cpuinfo, "Model"))
}

fn memory_gib(meminfo: &str) -> Option<f64> {
    let kib: f64 = field(meminfo, "MemTotal")?
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()?;
    // To a tenth: machines of one class differ by a few pages.
    Some((kib / 1_048_576.0 * 10.0).round() / 10.0)
}

fn field(text: &str, name: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|value| !value.is_empty())
}

/// Hosted runners have a new name each time, their kind has not.
fn runner(env: &Env) -> Option<String> {
    match env.get("RUNNER_ENVIRONMENT") {
        Some("self-hosted") => env.get("RUNNER_NAME").or(Some("self-hosted")),
        Some(kind) => Some(kind),
        None => env.get("CI_RUNNER_DESCRIPTION"),
    }
    .map(str::to_owned)
}

fn image(env: &Env) -> Option<String> {
    let name = env.get("ImageOS")?;
    Some(match env.get("ImageVersion") {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_and_memory_are_read_as_the_kernel_writes_them() {
        let cpuinfo =
            "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Intel(R)  Xeon(R) CPU @ 2.50GHz\n";
        assert_eq!(cpu(cpuinfo).unwrap(), "Intel(R) Xeon(R) CPU @ 2.50GHz");
        assert_eq!(cpu("processor\t: 0\nCPU part\t: 0xd0c\n"), None);
        assert_eq!(memory_gib("MemTotal:       16384000 kB\n"), Some(15.6));
    }

    #[test]
    fn a_hosted_runner_is_told_by_its_kind_and_an_own_one_by_its_name() {
        let hosted = Env::from_iter([
            ("RUNNER_ENVIRONMENT", "github-hosted"),
            ("RUNNER_NAME", "GitHub Actions 12"),
        ]);
        let own = Env::from_iter([
            ("RUNNER_ENVIRONMENT", "self-hosted"),
            ("RUNNER_NAME", "bench-1"),
        ]);
        assert_eq!(runner(&hosted).unwrap(), "github-hosted");
        assert_eq!(runner(&own).unwrap(), "bench-1");
    }
}
