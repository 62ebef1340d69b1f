//! The only exit numbers. Only a completed verdict leads to [`Exit::Pass`].

/// How the process ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// Pass, or pass with warnings.
    Pass = 0,
    /// A regression, a broken budget, a series that vanished, too many errors.
    Fail = 1,
    /// Could not do the work: usage, config, unreadable or invalid input, nothing compared.
    Error = 2,
    /// Could not tell, where a decision was asked for.
    Undecided = 3,
    /// A measurement was ended by Ctrl-C or SIGTERM: as a shell reports a program that ended so.
    Interrupted = 130,
}

impl Exit {
    pub const ALL: [Self; 5] = [
        Self::Pass,
        Self::Fail,
        Self::Error,
        Self::Undecided,
        Self::Interrupted,
    ];

    /// What the number of a stored verdict stands for; none ends by interruption.
    pub fn of_verdict(code: u8) -> Option<Self> {
        [Self::Pass, Self::Fail, Self::Error, Self::Undecided]
            .into_iter()
            .find(|exit| exit.code() == code)
    }

    pub fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Error => 2,
            Self::Undecided => 3,
            Self::Interrupted => 130,
        }
    }
}
