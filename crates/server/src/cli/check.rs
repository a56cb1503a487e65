//! `cloakroom config …`

use super::output::say;
use super::{Common, Failure, output};
use crate::config::Purpose;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Check {
    /// Check the configuration as a start would; says all that is wrong at once.
    #[command(after_help = "Example: cloakroom config check --config cloakroom.toml")]
    Check {
        #[command(flatten)]
        common: Common,
    },
    /// Print the configuration in force, defaults included, secrets left out.
    #[command(after_help = "Example: cloakroom config print > cloakroom.toml")]
    Print {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        common: Common,
    },
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Check { common } => {
                super::checked(&common.sources(Purpose::Serve))?;
                say!("The configuration is fine.");
            }
            Self::Print { json: true, common } => output::json(&common.load()?.print_json()),
            Self::Print { json: false, common } => say!("{}", common.load()?.print().trim_end()),
        }
        Ok(())
    }
}
