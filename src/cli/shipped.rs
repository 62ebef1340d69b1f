//! The files that a user copies beside scripts of a load tool: they make the tool write better evidence.

/// A file of `templates/`, as it is written out.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// The tool as `--from` names it.
    pub tool: &'static str,
    /// How the file has to be called: scripts import it by this name.
    pub name: &'static str,
    pub text: &'static str,
    /// What it is for, in one line.
    pub what: &'static str,
}

/// All of them, in the order in which they are shown.
pub const FILES: [Shipped; 2] = [
    Shipped {
        tool: "locust",
        name: "perfgate_listener.py",
        text: include_str!("../../templates/locust/perfgate_listener.py"),
        what: "writes every response time of a Locust run, not rounded: `import perfgate_listener` in the locustfile",
    },
    Shipped {
        tool: "k6",
        name: "perfgate.js",
        text: include_str!("../../templates/k6/perfgate.js"),
        what: "writes a k6 summary with p99 and counts: `export { handleSummary } from './perfgate.js'` in the script",
    },
];

/// Those for one tool.
pub fn files_for(tool: &str) -> impl Iterator<Item = &'static Shipped> {
    FILES.iter().filter(move |file| file.tool == tool)
}
