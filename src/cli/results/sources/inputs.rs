//! The files that define the load of a command, as one digest: other contents are another workload.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use sha2::{Digest, Sha256};

use super::pattern;
use crate::hint::WithHint;

/// `None` where no inputs are named. Only contents count, in the order of the paths: a folder of another name is the
/// same work, and so is the same file on another machine.
pub(crate) fn digest(inputs: &[String], folder: &Path) -> anyhow::Result<Option<String>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for input in inputs {
        files.extend(files_of(input, folder)?);
    }
    if files.is_empty() {
        return Ok(None);
    }
    files.sort();
    files.dedup();
    let mut whole = Sha256::new();
    for file in &files {
        let bytes = fs::read(file).with_context(|| format!("read input {}", file.display()))?;
        // Of one length, so that no two lists of files are the same sequence of bytes.
        whole.update(Sha256::digest(&bytes));
    }
    let digits = whole
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    Ok(Some(format!("sha256:{digits}")))
}

fn files_of(input: &str, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in pattern::paths(folder, input) {
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => files.extend(pattern::files_below(&path)),
            Ok(found) if found.is_file() => files.push(path),
            Ok(_) => {
                return Err(anyhow!(
                    "read input {input}: it is neither a file nor a folder"
                ));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("read input {}", path.display()));
            }
        }
    }
    if files.is_empty() {
        return Err(anyhow!("find input {input}: there is no such file"))
            .hint("`inputs` are paths or patterns from the folder of perfgate.toml: correct the path, or take it out");
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folder: &Path, inputs: &[&str]) -> Option<String> {
        let inputs: Vec<String> = inputs.iter().map(|input| (*input).to_owned()).collect();
        digest(&inputs, folder).unwrap()
    }

    #[test]
    fn contents_count_and_names_order_and_repetition_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("a.py", "one");
        write("b.py", "two");
        write("load/a.py", "one");
        let here = folder.path();
        let one = of(here, &["a.py"]).unwrap();
        assert!(one.starts_with("sha256:") && one.len() == 71, "{one}");
        assert_eq!(of(here, &["load"]).unwrap(), one);
        assert_eq!(of(here, &["a.py", "a.py"]).unwrap(), one);
        assert_eq!(of(here, &["*.py"]), of(here, &["b.py", "a.py"]));
        assert_ne!(of(here, &["*.py"]).unwrap(), one);
        write("a.py", "other");
        assert_ne!(of(here, &["a.py"]).unwrap(), one);
        assert_eq!(of(here, &[]), None);
    }

    #[test]
    fn an_input_that_is_not_there_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        for missing in ["locustfile.py", "load/*.py", "**/*.py"] {
            let error = digest(&[missing.to_owned()], folder.path()).unwrap_err();
            assert!(format!("{error:#}").contains(missing), "{error:#}");
        }
    }
}
