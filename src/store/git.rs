//! The program git, asked about the repository of a folder.

use std::path::Path;
use std::process::{Command, Stdio};

/// git in `folder`, whatever a hook has set for its own repository.
pub fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        // Set in hooks, where they would name another repository than that of the folder.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null());
    command
}
