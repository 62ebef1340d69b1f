//! A scenario of its file: what stands there is completed from its surroundings and held against the rest of the file.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::call::General;
use super::classes::classes;
use super::file::{self, HttpVersion, ScenarioFile, ServiceFile, TlsFile};
use super::flows::{Parts, captured, parts};
use super::hosts::hosts;
use super::keys::STREAMS;
use super::load_shape::levels;
use super::measure::{self, Measure};
use super::surroundings::{Machine, Reader, Surroundings};
use super::template::Names;
use super::values::{feeds, values};
use super::watch::{Situation, watched};
use super::{Abort, Base, ClientCertificate, Protocol, Ready, Scenario, Service, Share, Tls};
use crate::json_schema;
use crate::toml_file::{self, FileError, Problem};

/// The JSON Schema of a scenario file, for editors.
pub fn json_schema() -> String {
    json_schema::of_read::<ScenarioFile>()
}

/// Reads a scenario; relative files start at the folder of `path`, which need not exist.
pub fn parse(text: &str, path: &Path) -> Result<Scenario, FileError> {
    parse_in(text, path, &Machine)
}

/// The same with other variables and files than those of this process.
pub fn parse_in(text: &str, path: &Path, around: &dyn Surroundings) -> Result<Scenario, FileError> {
    let reader = Reader {
        source: text,
        folder: path.parent().unwrap_or(Path::new("")),
        around,
    };
    let name = path.display().to_string();
    toml_file::read(&name, text, file::FORMAT, |file| {
        scenario(&file, path, &reader)
    })
}

fn scenario(file: &ScenarioFile, path: &Path, reader: &Reader<'_>) -> Result<Scenario, Problem> {
    let base = Base::parse(&reader.text(&file.base)?).map_err(|why| file.base.error(why))?;
    let hosts = hosts(file.hosts.as_ref(), reader)?;
    let values = values(file.values.as_ref(), reader)?;
    let feeds = feeds(file.data.as_deref().unwrap_or_default(), reader)?;
    let columns = feeds.iter().flat_map(|feed| {
        let named = |column| format!("{}.{column}", feed.name);
        feed.columns.iter().map(named)
    });
    let made: BTreeSet<String> = values.keys().cloned().chain(columns).collect();
    let mut general = General {
        reader,
        names: Names::new(made, captured(file)),
        hosts: &hosts,
        seed: file.seed.get(),
        timeout: file.timeout.0,
        headers: file.headers.as_ref(),
        auth: file.auth.as_ref(),
    };
    let name = title(file, path)?;
    let Parts {
        setup,
        flows,
        teardown,
    } = parts(file, &mut general, &name)?;
    let service = match &file.service {
        Some(service) => Some(self::service(service, &base, reader)?),
        None => None,
    };
    let watch = match &file.watch {
        Some(watch) => {
            let steps = flows.iter().flat_map(|flow| &flow.steps);
            let situation = Situation {
                reader,
                base: Some(&base),
                has_service: service.is_some(),
                subjects: steps.map(|step| step.subject.as_str()).collect(),
            };
            watched(watch, &situation)?
        }
        None => Vec::new(),
    };
    Ok(Scenario {
        name,
        protocol: protocol(file)?,
        levels: levels(&file.load, &flows)?,
        classes: match &file.load.class {
            Some(files) => classes(files, &flows)?,
            None => Vec::new(),
        },
        abort: file.load.abort.as_ref().map(|abort| Abort {
            errors: abort.errors.0,
            after: abort.after.0,
        }),
        warmup: file.warmup.map_or(Duration::ZERO, |warmup| warmup.0),
        timeout: file.timeout.0,
        seed: file.seed.get(),
        threads: file
            .threads
            .and_then(|threads| NonZeroUsize::new(threads.to()?)),
        redirects: file.redirects.to().unwrap_or(u8::MAX),
        cookies: file.cookies,
        keep_alive: keep_alive(file)?,
        measure: match &file.measure {
            Some(measure) => {
                measure::check_flows(measure, &flows)?;
                measure::read(measure)?
            }
            None => Measure::default(),
        },
        tls: match &file.tls {
            Some(tls) => self::tls(tls, reader)?,
            None => Tls::default(),
        },
        base,
        hosts,
        flows,
        setup,
        teardown,
        values,
        feeds,
        watch,
        service,
        share: Share::default(),
    })
}

/// The name that was given, or that of the file.
fn title(file: &ScenarioFile, path: &Path) -> Result<String, Problem> {
    if let Some(name) = &file.name {
        if name.trim().chars().any(char::is_control) {
            return Err(name.error("a name is one line of text"));
        }
        return Ok(name.trim().to_owned());
    }
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    Ok(stem.unwrap_or_else(|| "scenario".to_owned()))
}

fn protocol(file: &ScenarioFile) -> Result<Protocol, Problem> {
    match (file.http.0, &file.streams) {
        (HttpVersion::Two, streams) => {
            let streams = streams
                .as_ref()
                .map_or(Some(STREAMS), |streams| streams.to());
            Ok(Protocol::Http2 {
                streams: streams
                    .and_then(NonZeroUsize::new)
                    .unwrap_or(NonZeroUsize::MIN),
            })
        }
        (HttpVersion::One, Some(streams)) => Err(streams
            .error("HTTP/1.1 has one request at a time on a connection")
            .hint("add http = \"2\"")),
        (HttpVersion::One, None) => Ok(Protocol::Http1),
    }
}

fn keep_alive(file: &ScenarioFile) -> Result<bool, Problem> {
    match (&file.keep_alive, file.http.0) {
        (Some(keep), HttpVersion::Two) if !keep.get() => Err(keep
            .error("users of HTTP/2 share their connections")
            .hint("new connections for each request are HTTP/1.1")),
        (Some(keep), _) => Ok(*keep.get()),
        (None, _) => Ok(true),
    }
}

fn tls(file: &TlsFile, reader: &Reader<'_>) -> Result<Tls, Problem> {
    let ca = match &file.ca {
        Some(ca) => {
            let bytes = reader.file(ca)?;
            if !String::from_utf8_lossy(&bytes).contains("-----BEGIN CERTIFICATE-----") {
                return Err(ca
                    .error("the file has no certificate")
                    .hint("it must be PEM, which begins with -----BEGIN CERTIFICATE-----"));
            }
            Some(reader.path(ca)?)
        }
        None => None,
    };
    let client = match (&file.cert, &file.key) {
        (Some(cert), Some(key)) => {
            for (file, what) in [(cert, "CERTIFICATE"), (key, "PRIVATE KEY")] {
                let bytes = reader.file(file)?;
                if !String::from_utf8_lossy(&bytes).contains(&format!("{what}-----")) {
                    let what = what.to_lowercase();
                    return Err(file
                        .error(format!("the file has no {what}"))
                        .hint("it must be PEM, which begins with -----BEGIN"));
                }
            }
            Some(ClientCertificate {
                cert: reader.path(cert)?,
                key: reader.path(key)?,
            })
        }
        (Some(alone), None) => return Err(alone.error("it needs its `key`")),
        (None, Some(alone)) => return Err(alone.error("it needs the `cert` that it belongs to")),
        (None, None) => None,
    };
    let server_name = file.server_name.as_ref().map(|name| reader.text(name));
    Ok(Tls {
        ca,
        server_name: server_name.transpose()?,
        insecure: file.insecure,
        client,
    })
}

fn service(file: &ServiceFile, base: &Base, reader: &Reader<'_>) -> Result<Service, Problem> {
    let mut environment = std::collections::BTreeMap::new();
    for (name, value) in file.env.iter().flat_map(|env| env.entries()) {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(value.error("it is no name of an environment variable"));
        }
        environment.insert(name.to_owned(), reader.text(value)?);
    }
    let ready = &file.ready;
    Ok(Service {
        // The shell has the same variables, so it fills them in itself.
        command: file.command.to_string(),
        folder: match &file.folder {
            Some(folder) => reader.path(folder)?,
            // Beside a scenario that was named without a folder; nothing can be started in a folder without a name.
            None if reader.folder.as_os_str().is_empty() => PathBuf::from("."),
            None => reader.folder.to_owned(),
        },
        environment,
        ready: Ready {
            url: base.address(&ready.url, &reader.text(&ready.url)?)?,
            status: ready.status.to().unwrap_or_default(),
            within: ready.within.0,
        },
        stop_within: file.stop_within.0,
        profile: file.profile.as_ref().map(|command| command.to_string()),
    })
}
