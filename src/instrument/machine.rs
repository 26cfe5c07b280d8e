//! What can be learnt of this machine. Nothing here is needed: every fact has a stand-in.

use crate::model::Facts;

/// The cores that this process may use, in ascending order; empty where the system does not tell.
pub fn cores() -> Vec<usize> {
    #[cfg(target_os = "linux")]
    if let Ok(set) = rustix::thread::sched_getaffinity(None) {
        return (0..rustix::thread::CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect();
    }
    Vec::new()
}

/// The size of the memory in bytes, where the system tells.
pub fn memory() -> Option<u64> {
    let listed = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kibibytes = listed.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().split(' ').next()?;
    kibibytes.parse::<u64>().ok()?.checked_mul(1024)
}

/// The CPU model as the system names it, else the architecture.
pub fn cpu_model() -> String {
    let named = ["model name", "CPU part", "Hardware"].iter().find_map(|key| of_cpu(key));
    named.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// Whether valgrind hides from programs that this CPU has AVX-512: one that asks for it runs other code there.
pub fn hides_avx512() -> bool {
    of_cpu("flags").is_some_and(|flags| flags.split_whitespace().any(|flag| flag.starts_with("avx512")))
}

/// What the system says of the first core under this key.
fn of_cpu(key: &str) -> Option<String> {
    let listed = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    listed.lines().find_map(|line| Some(line.strip_prefix(key)?.split_once(':')?.1.trim().to_owned()))
}

/// What tells this machine from others: its id where the system keeps one, else its host name, else nothing. Never
/// stored as it is.
pub fn machine_id() -> String {
    ["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostname"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .map(|text| text.trim().to_owned())
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// Looks at the machine.
pub fn facts() -> Facts {
    let installed = |name: &str| {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).any(|folder| folder.join(name).is_file())
    };
    let load = std::fs::read_to_string("/proc/loadavg").ok();
    Facts {
        copies_in_memory: super::copies::in_memory(),
        load: load.and_then(|text| text.split(' ').next()?.parse().ok()),
        programs: ["valgrind"].map(|name| (name.to_owned(), installed(name))).into(),
    }
}
