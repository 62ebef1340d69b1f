//! The machine we are on, as far as it tells. What it does not tell stays empty.

mod arm;

use std::fs;

use crate::cli::env::Env;
use crate::model::Environment;

/// What results that were just measured here were measured on.
pub(crate) fn detect(env: &Env) -> Environment {
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

/// ARM first: where one of its kernels prints a `model name` at all, that is the architecture (`ARMv7 Processor rev 3`),
/// and its `Model` is the board. Elsewhere it is the first model; PowerPC and MIPS have names of their own for it.
fn cpu(cpuinfo: &str) -> Option<String> {
    arm::cpu(cpuinfo).or_else(|| {
        let names = ["model name", "cpu model", "cpu", "uarch", "Model"];
        names.into_iter().find_map(|name| field(cpuinfo, name))
    })
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

/// A hosted runner has a new name each time; its kind stays the same.
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
        let power = "processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 2200MHz\n";
        assert_eq!(cpu(power).unwrap(), "POWER9, altivec supported");
        assert_eq!(memory_gib("MemTotal:       16384000 kB\n"), Some(15.6));
    }

    /// A Raspberry Pi 4 under a kernel of 32 bits, and under one of 64.
    #[test]
    fn a_board_is_called_by_its_core_and_not_by_architecture_or_model() {
        let old = "processor\t: 0\nmodel name\t: ARMv7 Processor rev 3 (v7l)\nBogoMIPS\t: 126.00\n\
                   Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm crc32\n\
                   CPU implementer\t: 0x41\nCPU architecture: 7\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n\
                   Hardware\t: BCM2711\nRevision\t: c03114\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n";
        let new = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\n\
                   CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n\
                   Revision\t: c03114\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n";
        assert_eq!(cpu(old).unwrap(), "Cortex-A72");
        assert_eq!(cpu(new).unwrap(), "Cortex-A72");
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
