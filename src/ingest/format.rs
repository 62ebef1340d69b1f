//! The formats perfgate reads, by the names that `--from` takes: one line for each tool.

use std::fmt;
use std::str::FromStr;

use super::adapter::{Adapter, ToolClass};
use super::{cargo_criterion, criterion, locust, mapping, own, tools};

macro_rules! formats {
    ($($name:ident => $adapter:expr,)+) => {
        /// The tool whose output a result is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Format {
            $($name,)+
            /// None that is recognised: a mapping of the config says how it is read.
            Mapped,
        }

        impl Format {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub fn adapter(self) -> &'static Adapter {
                match self {
                    $(Self::$name => &$adapter,)+
                    Self::Mapped => &mapping::ADAPTER,
                }
            }
        }
    };
}

formats! {
    Perfgate => own::ADAPTER,
    Locust => locust::ADAPTER,
    K6 => tools::k6::ADAPTER,
    Wrk => tools::wrk::ADAPTER,
    Hey => tools::hey::ADAPTER,
    Oha => tools::oha::ADAPTER,
    Vegeta => tools::vegeta::ADAPTER,
    Ab => tools::ab::ADAPTER,
    Jmeter => tools::jmeter::ADAPTER,
    Gatling => tools::gatling::ADAPTER,
    Artillery => tools::artillery::ADAPTER,
    Autocannon => tools::autocannon::ADAPTER,
    Bombardier => tools::bombardier::ADAPTER,
    Fortio => tools::fortio::ADAPTER,
    Ghz => tools::ghz::ADAPTER,
    Goose => tools::goose::ADAPTER,
    H2load => tools::h2load::ADAPTER,
    Drill => tools::drill::ADAPTER,
    Rlt => tools::rlt::ADAPTER,
    Siege => tools::siege::ADAPTER,
    RedisBenchmark => tools::redis_benchmark::ADAPTER,
    Memtier => tools::memtier::ADAPTER,
    Sysbench => tools::sysbench::ADAPTER,
    Pgbench => tools::pgbench::ADAPTER,
    Criterion => criterion::ADAPTER,
    CargoCriterion => cargo_criterion::ADAPTER,
    Hyperfine => tools::hyperfine::ADAPTER,
    PytestBenchmark => tools::pytest_benchmark::ADAPTER,
    Asv => tools::asv::ADAPTER,
    GoBench => tools::go_bench::ADAPTER,
    Jmh => tools::jmh::ADAPTER,
    GoogleBenchmark => tools::google_benchmark::ADAPTER,
    Divan => tools::divan::ADAPTER,
    Tango => tools::tango::ADAPTER,
    Libtest => tools::libtest::ADAPTER,
    Tinybench => tools::tinybench::ADAPTER,
    Vitest => tools::vitest::ADAPTER,
    Mitata => tools::mitata::ADAPTER,
    BenchmarkJs => tools::benchmark_js::ADAPTER,
    Catch2 => tools::catch2::ADAPTER,
    Nanobench => tools::nanobench::ADAPTER,
    BenchmarkDotNet => tools::benchmark_dotnet::ADAPTER,
    Gungraun => tools::gungraun::ADAPTER,
    Perf => tools::perf::ADAPTER,
    Time => tools::time_v::ADAPTER,
}

impl Format {
    /// Whether its subjects are addresses that a load test asked for, so that they may hold ids. The parameters of
    /// a benchmark (`fib/15`) are its name, and what a run file says is what its author meant.
    pub fn names_hold_ids(self) -> bool {
        self.is_load_tool()
    }

    pub fn as_str(self) -> &'static str {
        self.adapter().tool
    }

    /// Whether it puts load on a service, so that its subjects are endpoints and its times are latencies of requests.
    pub fn is_load_tool(self) -> bool {
        self.adapter().class == ToolClass::Load
    }

    /// The format whose runs carry this name of a tool.
    pub fn of_tool(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.as_str() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is no format's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat(String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
        write!(
            f,
            "`{}` is not a format; there are {}",
            self.0,
            known.join(", ")
        )
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;
    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::of_tool(text).ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}
