//! `[service]`: the system under test, where perfgate starts it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::toml_file::{Form, FormError};

use super::reader::{Reader, some_time, time};
use super::{Base, Ready, Service};

pub(super) const KEYS: [&str; 5] = ["command", "folder", "env", "ready", "stop_within"];
const READY_KEYS: [&str; 3] = ["url", "status", "within"];

const READY_WITHIN: Duration = Duration::from_secs(30);
const STOP_WITHIN: Duration = Duration::from_secs(10);

pub(super) fn service(
    form: &Form<'_>,
    base: &Base,
    reader: &Reader<'_>,
) -> Result<Service, FormError> {
    let command = form.node("command").ok_or_else(|| {
        form.error("[service] has no `command`")
            .hint("write what starts it, as in a shell: command = \"./server --port 8080\"")
    })?;
    let mut environment = BTreeMap::new();
    if let Some(env) = form.node("env") {
        for (name, entry) in env.entries()? {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(entry.error("it is no name of an environment variable"));
            }
            let text = reader.expanded(&entry, entry.any_text()?)?;
            environment.insert(name.to_owned(), text);
        }
    }
    Ok(Service {
        // The shell has the same variables, so it fills them in itself.
        command: command.text()?.to_owned(),
        folder: match form.node("folder") {
            Some(node) => reader.path(&node)?,
            // Beside a scenario that was named without a folder; nothing can be started in a folder without a name.
            None if reader.folder.as_os_str().is_empty() => PathBuf::from("."),
            None => reader.folder.to_owned(),
        },
        environment,
        ready: ready(form, base, reader)?,
        stop_within: match form.node("stop_within") {
            Some(node) => time(&node)?,
            None => STOP_WITHIN,
        },
    })
}

fn ready(form: &Form<'_>, base: &Base, reader: &Reader<'_>) -> Result<Ready, FormError> {
    let hint = "write ready = { url = \"/health\" }: load begins when it answers with 200";
    let Some(ready) = form.table("ready", "`ready`", &READY_KEYS)? else {
        return Err(form
            .error("[service] does not say when it is `ready`")
            .hint(hint));
    };
    let url = ready
        .node("url")
        .ok_or_else(|| ready.error("`ready` has no `url`").hint(hint))?;
    Ok(Ready {
        url: base.address(&url, &reader.text(&url)?)?,
        status: match ready.node("status") {
            Some(node) => node.whole(100..=599)?,
            None => 200,
        },
        within: match ready.node("within") {
            Some(node) => some_time(&node)?,
            None => READY_WITHIN,
        },
    })
}
