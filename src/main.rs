//! Hands arguments, environment and the standard streams to `cli::main`, returns its exit code.

use std::ffi::OsString;
use std::io::{IsTerminal, stderr, stdout};
use std::process::ExitCode;

use perfgate::cli::{self, Env, Streams};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let env: Env = std::env::vars_os().collect();
    let (mut out, mut err) = (stdout().lock(), stderr());
    let streams = Streams {
        out_is_terminal: out.is_terminal(),
        err_is_terminal: err.is_terminal(),
        out: &mut out,
        err: &mut err,
    };
    ExitCode::from(cli::main(&arguments, &env, streams).code())
}
