//! The CPU of an ARM machine: its kernels print the numbers of who designed the core and which core it is, no name.

/// Every kind of core in `/proc/cpuinfo`, in the order of the kernel: `Neoverse-N1`, or `Cortex-A55 + Cortex-A76` where
/// fast and slow cores stand side by side. A core without a known name stays a pair of numbers.
pub(crate) fn cpu(cpuinfo: &str) -> Option<String> {
    let (mut kinds, mut implementer) = (Vec::<String>::new(), None);
    let lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    for (key, value) in lines {
        match key.trim() {
            "CPU implementer" => implementer = number(value),
            "CPU part" => {
                if let (Some(implementer), Some(part)) = (implementer, number(value)) {
                    let kind = name(implementer, part);
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                }
            }
            _ => {}
        }
    }
    (!kinds.is_empty()).then(|| kinds.join(" + "))
}

fn number(text: &str) -> Option<u32> {
    u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

fn name(implementer: u32, part: u32) -> String {
    let known = CORES
        .iter()
        .find(|core| (core.implementer, core.part) == (implementer, part));
    match known {
        Some(core) => core.name.to_owned(),
        None => format!("{implementer:#04x}/{part:#05x}"),
    }
}

struct Core {
    implementer: u32,
    part: u32,
    name: &'static str,
}

const fn core(implementer: u32, part: u32, name: &'static str) -> Core {
    Core {
        implementer,
        part,
        name,
    }
}

const ARM: u32 = 0x41;
const APPLE: u32 = 0x61;

/// The cores of servers, boards and laptops that run Linux today. The numbers are those of the register MIDR_EL1, as
/// each core's reference manual gives them; `lscpu` of util-linux (sys-utils/lscpu-arm.c) knows them by the same names.
const CORES: &[Core] = &[
    core(ARM, 0xc07, "Cortex-A7"),
    core(ARM, 0xc09, "Cortex-A9"),
    core(ARM, 0xc0f, "Cortex-A15"),
    core(ARM, 0xd03, "Cortex-A53"),
    core(ARM, 0xd04, "Cortex-A35"),
    core(ARM, 0xd05, "Cortex-A55"),
    core(ARM, 0xd07, "Cortex-A57"),
    core(ARM, 0xd08, "Cortex-A72"),
    core(ARM, 0xd09, "Cortex-A73"),
    core(ARM, 0xd0a, "Cortex-A75"),
    core(ARM, 0xd0b, "Cortex-A76"),
    core(ARM, 0xd0c, "Neoverse-N1"),
    core(ARM, 0xd0d, "Cortex-A77"),
    core(ARM, 0xd40, "Neoverse-V1"),
    core(ARM, 0xd41, "Cortex-A78"),
    core(ARM, 0xd42, "Cortex-A78AE"),
    core(ARM, 0xd44, "Cortex-X1"),
    core(ARM, 0xd46, "Cortex-A510"),
    core(ARM, 0xd47, "Cortex-A710"),
    core(ARM, 0xd48, "Cortex-X2"),
    core(ARM, 0xd49, "Neoverse-N2"),
    core(ARM, 0xd4a, "Neoverse-E1"),
    core(ARM, 0xd4b, "Cortex-A78C"),
    core(ARM, 0xd4d, "Cortex-A715"),
    core(ARM, 0xd4e, "Cortex-X3"),
    core(ARM, 0xd4f, "Neoverse-V2"),
    core(ARM, 0xd80, "Cortex-A520"),
    core(ARM, 0xd81, "Cortex-A720"),
    core(ARM, 0xd82, "Cortex-X4"),
    core(ARM, 0xd83, "Neoverse-V3AE"),
    core(ARM, 0xd84, "Neoverse-V3"),
    core(ARM, 0xd85, "Cortex-X925"),
    core(ARM, 0xd87, "Cortex-A725"),
    core(ARM, 0xd8e, "Neoverse-N3"),
    // Cavium and Marvell.
    core(0x43, 0x0a1, "ThunderX"),
    core(0x43, 0x0af, "ThunderX2"),
    // Fujitsu.
    core(0x46, 0x001, "A64FX"),
    // HiSilicon.
    core(0x48, 0xd01, "Kunpeng-920"),
    // NVIDIA.
    core(0x4e, 0x004, "Carmel"),
    core(0x4e, 0x010, "Olympus"),
    // Qualcomm.
    core(0x51, 0x001, "Oryon"),
    core(0x51, 0xc00, "Falkor"),
    // A virtual machine on a Mac does not tell on which of them.
    core(APPLE, 0x000, "Apple CPU"),
    core(APPLE, 0x022, "Apple M1 Icestorm"),
    core(APPLE, 0x023, "Apple M1 Firestorm"),
    core(APPLE, 0x024, "Apple M1 Pro Icestorm"),
    core(APPLE, 0x025, "Apple M1 Pro Firestorm"),
    core(APPLE, 0x028, "Apple M1 Max Icestorm"),
    core(APPLE, 0x029, "Apple M1 Max Firestorm"),
    core(APPLE, 0x032, "Apple M2 Blizzard"),
    core(APPLE, 0x033, "Apple M2 Avalanche"),
    core(APPLE, 0x034, "Apple M2 Pro Blizzard"),
    core(APPLE, 0x035, "Apple M2 Pro Avalanche"),
    core(APPLE, 0x038, "Apple M2 Max Blizzard"),
    core(APPLE, 0x039, "Apple M2 Max Avalanche"),
    // Microsoft: the runners `ubuntu-24.04-arm` of GitHub.
    core(0x6d, 0xd49, "Azure-Cobalt-100"),
    // Ampere's own cores; its Altra has Neoverse-N1.
    core(0xc0, 0xac3, "Ampere-1"),
    core(0xc0, 0xac4, "Ampere-1a"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// As the kernel of an Arm server writes it, for each core.
    fn server(processor: u32, implementer: &str, part: &str) -> String {
        format!(
            "processor\t: {processor}\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 \
             atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ssbs\nCPU implementer\t: {implementer}\n\
             CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: {part}\nCPU revision\t: 1\n\n"
        )
    }

    #[test]
    fn servers_are_called_by_their_core() {
        for (implementer, part, name) in [
            ("0x41", "0xd0c", "Neoverse-N1"),
            ("0x41", "0xd40", "Neoverse-V1"),
            ("0x41", "0xd49", "Neoverse-N2"),
            ("0x41", "0xd4f", "Neoverse-V2"),
            ("0x6d", "0xd49", "Azure-Cobalt-100"),
            ("0xc0", "0xac3", "Ampere-1"),
            ("0x61", "0x000", "Apple CPU"),
        ] {
            let text = server(0, implementer, part) + &server(1, implementer, part);
            assert_eq!(cpu(&text).as_deref(), Some(name));
        }
    }

    #[test]
    fn a_core_without_a_known_name_keeps_its_numbers() {
        assert_eq!(cpu(&server(0, "0x41", "0xfff")).unwrap(), "0x41/0xfff");
        assert_eq!(cpu(&server(0, "0x70", "0x001")).unwrap(), "0x70/0x001");
        assert_eq!(cpu(&server(0, "0x07", "0x1")).unwrap(), "0x07/0x001");
    }

    #[test]
    fn each_kind_of_core_is_named_once() {
        let board: String = (0..8)
            .map(|n| server(n, "0x41", if n < 4 { "0xd05" } else { "0xd0b" }))
            .collect();
        assert_eq!(cpu(&board).unwrap(), "Cortex-A55 + Cortex-A76");
    }

    #[test]
    fn no_core_is_listed_twice() {
        for (n, core) in CORES.iter().enumerate() {
            let more = CORES.iter().skip(n + 1);
            let mut twins =
                more.filter(|c| (c.implementer, c.part) == (core.implementer, core.part));
            assert!(twins.next().is_none(), "{}", core.name);
        }
    }

    #[test]
    fn other_architectures_have_no_such_numbers() {
        assert_eq!(cpu("processor\t: 0\nmodel name\t: AMD EPYC 7763\n"), None);
        assert_eq!(cpu("CPU part\t: 0xd0c\n"), None);
        assert_eq!(cpu(""), None);
    }
}
