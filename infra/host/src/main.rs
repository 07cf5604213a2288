//! `host up`: serves a Spin manifest on a machine that has no Spin.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a program for the command line")]

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use host::{App, Options};
use tokio::signal::unix::{SignalKind, signal};

/// Requests allocate from all threads at once, which the C library's allocator serialises.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(version, about = "Serves a Spin v2 manifest as Spin 4.1 would, for development and tests")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve an application
    Up(Up),
}

#[derive(clap::Args)]
struct Up {
    /// The manifest
    #[arg(short = 'f', long = "from", default_value = "spin.toml")]
    manifest: PathBuf,
    /// Where to listen for HTTP; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Where databases and logs go [default: .spin beside the manifest]
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// A variable's value; stronger than SPIN_VARIABLE_* and .env
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = name_value)]
    variables: Vec<(String, String)>,
    /// Requests one instance takes before it is dropped [default: 128]
    #[arg(long)]
    max_instance_reuse_count: Option<NonZeroUsize>,
    /// Databases and stores behind labels
    #[arg(long)]
    runtime_config_file: Option<PathBuf>,
    /// Where compiled components are kept [default: host-cache in target/ or .spin/ beside the manifest]
    #[arg(long)]
    cache_dir: Option<PathBuf>,
}

fn name_value(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once('=').context("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Up {
    fn options(self) -> Options {
        let mut options = Options::new(self.manifest);
        options.listen = self.listen;
        options.variables = self.variables.into_iter().collect();
        options.ambient_variables = true;
        options.runtime_config = self.runtime_config_file;
        if let Some(count) = self.max_instance_reuse_count {
            options.max_instance_reuse_count = count.get();
        }
        if let Some(dir) = self.state_dir {
            options.state_dir = dir;
        }
        if let Some(dir) = self.cache_dir {
            options.cache_dir = dir;
        }
        options
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Up(up) = Cli::parse().command;
    match run(up).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(up: Up) -> Result<()> {
    let app = App::load(up.options()).await?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut running = app.serve().await?;
    println!("{}", running.banner());
    tokio::select! {
        error = running.failed() => return Err(error),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.shutdown().await
}
