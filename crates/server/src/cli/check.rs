//! `cloakroom config …`

use super::{Common, Failure, output};
use crate::config::{Config, Purpose};
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
                let config = Config::load(&common.sources(Purpose::Serve))?;
                crate::app::start::policy(&config)?;
                println!("The configuration is fine.");
            }
            Self::Print { json: true, common } => output::json(&common.load()?.print_json()),
            Self::Print { json: false, common } => print!("{}", common.load()?.print()),
        }
        Ok(())
    }
}
