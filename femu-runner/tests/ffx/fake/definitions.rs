//! The options and arguments of ffx, in three versions.

mod common;
mod since_2024;
mod y2023;
mod y2024;
mod y2026;

use super::tool::End;
use argh::{EarlyExit, FromArgs};
use std::env;
use std::path::PathBuf;

/// The version of the sources with the definitions: `gnoliyil/fuchsia`, `misttech/mist-os`,
/// `misttech/fuchsia`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    Y2023,
    Y2024,
    Y2026,
}

impl Profile {
    pub fn from_environment() -> Self {
        match env::var("FAKE_FFX").as_deref() {
            Ok("2023") => Self::Y2023,
            Ok("2024") => Self::Y2024,
            Ok("2026") | Err(_) => Self::Y2026,
            Ok(other) => panic!("FAKE_FFX={other}"),
        }
    }

    /// The version of the SDK, and its newest API level.
    pub fn sdk(self) -> (&'static str, u64) {
        match self {
            Self::Y2023 => ("14.20230806.2.1", 14),
            Self::Y2024 => ("25.20241118.3.1", 25),
            Self::Y2026 => ("33.20260927.4.1", 31),
        }
    }
}

/// A call that was understood.
#[derive(Debug)]
pub struct Call {
    pub isolate_dir: PathBuf,
    pub target: Option<String>,
    pub machine: Option<String>,
    pub action: Action,
}

/// A command, with those of its options to which the fake reacts.
#[derive(Debug)]
pub enum Action {
    Version,
    ConfigSet {
        name: String,
        value: String,
    },
    ConfigGet,
    EmuList,
    EmuStart(EmuStart),
    EmuStop {
        name: Option<String>,
    },
    RepositoryCreate {
        directory: PathBuf,
    },
    RepositoryPublish {
        packages: Vec<PathBuf>,
        repository: PathBuf,
    },
    ServerStart(ServerStart),
    ServerStop {
        name: Option<String>,
        all: bool,
    },
    ServerList,
    Register {
        repository: Option<String>,
    },
    RegistrationList,
    PackageBuild(PackageBuild),
    TestRun(TestRun),
    DaemonStop,
}

impl Action {
    /// Whether the command can print JSON.
    fn has_machine_format(&self, profile: Profile) -> bool {
        match self {
            Self::Version | Self::EmuList | Self::ServerList | Self::RegistrationList => true,
            Self::ConfigSet { .. } | Self::TestRun(_) | Self::PackageBuild(_) => {
                profile == Profile::Y2026
            }
            _ => profile != Profile::Y2023,
        }
    }
}

#[derive(Debug)]
pub struct EmuStart {
    pub bundle: Option<PathBuf>,
    pub name: String,
    pub engine: Option<String>,
    pub net: Option<String>,
    pub headless: bool,
    pub log: Option<PathBuf>,
}

#[derive(Debug)]
pub struct ServerStart {
    pub address: std::net::SocketAddr,
    pub name: String,
    pub repo_path: Option<PathBuf>,
    pub background: bool,
    pub foreground: bool,
    pub no_device: bool,
}

#[derive(Debug)]
pub struct PackageBuild {
    pub manifest: PathBuf,
    pub out: PathBuf,
    pub level: String,
    pub published_name: Option<String>,
}

#[derive(Debug)]
pub struct TestRun {
    pub url: String,
    pub args: Vec<String>,
    pub output_directory: Option<PathBuf>,
    pub realm: Option<String>,
}

/// Declares commands with their options.
macro_rules! commands {
    ($($name:ident = $word:tt { $([$($attribute:tt)*] $field:ident: ($($type:tt)*),)* })*) => {$(
        #[derive(argh::FromArgs, Debug)]
        #[argh(subcommand, name = $word, description = "as in the source")]
        #[allow(dead_code, clippy::struct_excessive_bools)]
        pub struct $name {
            $(#[argh($($attribute)*, description = "as in the source")] pub $field: $($type)*,)*
        }
    )*};
}

/// Declares a command that consists of its subcommands.
macro_rules! command_group {
    ($name:ident = $word:tt { $subcommands:ident: $($variant:ident($command:ident),)* }) => {
        #[derive(argh::FromArgs, Debug)]
        #[argh(subcommand, name = $word, description = "as in the source")]
        #[allow(dead_code)]
        pub struct $name {
            #[argh(subcommand)]
            pub command: $subcommands,
        }

        #[derive(argh::FromArgs, Debug)]
        #[argh(subcommand)]
        #[allow(dead_code)]
        pub enum $subcommands {
            $($variant($command),)*
        }
    };
}

pub(crate) use {command_group, commands};

/// Parses the arguments of a call.
///
/// # Errors
///
/// ffx would refuse them, or print a help text.
pub fn parse(profile: Profile, arguments: &[String]) -> Result<Call, End> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (globals, words) = match profile {
        Profile::Y2023 => split(from_args::<y2023::Ffx>(&["ffx"], &arguments)?),
        Profile::Y2024 => split(from_args::<y2024::Ffx>(&["ffx"], &arguments)?),
        Profile::Y2026 => split(from_args::<y2026::Ffx>(&["ffx"], &arguments)?),
    };
    if let Some(format) = &globals.machine
        && !["json", "json-pretty", "raw"].contains(&format.as_str())
    {
        return Err(End::user(format!(
            "Error parsing option '--machine' with value '{format}': `{format}` is not a valid machine format\n"
        )));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let action = match profile {
        Profile::Y2023 => y2023::parse(&words),
        Profile::Y2024 => y2024::parse(&words),
        Profile::Y2026 => y2026::parse(&words),
    }?;
    if globals.machine.is_some() && !action.has_machine_format(profile) {
        return Err(End::user(
            "The machine flag is not supported for this subcommand",
        ));
    }
    Ok(Call {
        isolate_dir: globals.isolate_dir.expect("the runner always isolates ffx"),
        target: globals.target,
        machine: globals.machine,
        action,
    })
}

/// The options before the command.
struct Globals {
    isolate_dir: Option<PathBuf>,
    target: Option<String>,
    machine: Option<String>,
}

/// ffx's own options, in each version.
trait TopLevel: FromArgs {
    fn split(self) -> (Globals, Vec<String>);
}

fn split(top_level: impl TopLevel) -> (Globals, Vec<String>) {
    top_level.split()
}

fn from_args<T: FromArgs>(command: &[&str], arguments: &[&str]) -> Result<T, End> {
    T::from_args(command, arguments).map_err(|EarlyExit { output, status }| End {
        message: output,
        status: u8::from(status.is_err()),
        to_stdout: status.is_ok(),
        is_json: false,
    })
}

/// The error for a first word that is no command.
fn unknown_tool(word: Option<&str>) -> End {
    End {
        message: format!(
            "Unknown ffx tool `{}`. Did you mean one of the following?\n",
            word.unwrap_or_default()
        ),
        status: 1,
        to_stdout: true,
        is_json: false,
    }
}
