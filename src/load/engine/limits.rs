//! What the system allows one process: as many open connections as it may have.

/// Raises the number of file handles to what may be had without asking anybody. Where that fails, connects do, and
/// say so.
pub fn raise() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised).ok();
    }
}
