//! Exit codes. Documented constants: scripts depend on them.

use std::process::ExitCode;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked: 0.
    Success,
    /// A node failed: 1.
    NodeFailed,
    /// Bad usage or an invalid workflow: 2.
    Usage,
    /// A pack is missing, unmet or refused: 3.
    Pack,
    /// Stopped at a checkpoint: 4.
    Checkpoint,
    /// A limit was reached: the deadline, or a budget: 5.
    Limit,
    /// Interrupted: 130.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::NodeFailed => 1,
            Exit::Usage => 2,
            Exit::Pack => 3,
            Exit::Checkpoint => 4,
            Exit::Limit => 5,
            Exit::Interrupted => 130,
        })
    }
}
