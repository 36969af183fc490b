//! The services of the benchmark, which run side by side on one Redis.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::guarded;
use crate::calls::{self, Issued};
use crate::generator::{Outcome, Target};
use crate::paired;
use crate::process::{Process, free};
use crate::redis_server::{PASSWORD, Redis};
use crate::reference::seed;
use crate::stack::{self, Service, Stack, Traces, USUAL};

/// A target, and the processes behind it.
pub(crate) struct Called {
    pub(crate) target: Target,
    /// Indices of the processes whose time counts, beside Redis.
    pub(crate) processes: Vec<usize>,
}

/// The services that are compared.
pub(crate) struct Field {
    pub(crate) redis: Redis,
    pub(crate) stack: Stack,
    processes: Vec<Process>,
    pub(crate) echo: Called,
    pub(crate) get: Called,
    pub(crate) single_use: Called,
    pub(crate) issue: Called,
    /// An issuer of an application with every rule of a desk.
    pub(crate) issue_guarded: Called,
    pub(crate) verify: Called,
    /// The verifier, as the journey runner calls it.
    pub(crate) pair: Target,
    pub(crate) verify_untraced: Called,
    pub(crate) verify_all_traced: Called,
    pub(crate) journey: Called,
    /// The last field: the processes in that folder are dropped before it.
    _files: TempDir,
}

/// The result of a run.
pub(crate) struct Measured {
    pub(crate) outcome: Outcome,
    /// Processor time of the servers per call.
    pub(crate) cpu: Duration,
    /// Processor time of Redis per call.
    pub(crate) redis: Duration,
}

impl Field {
    /// Starts all services.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let files = TempDir::new()?;
        let redis = Redis::start(files.path(), "")?;
        let stack = Stack::on(&redis)?;
        let (issuer, http) = stack.issuer(&[])?;
        let (guarded, agent) = guarded_issuer(&stack).await?;
        let verifier = stack.verifier(USUAL, &[])?;
        let untraced = stack.verifier(Traces::Off, &[])?;
        let all_traced = stack.verifier(Traces::Sampled(1.0), &[])?;
        let (runner, web) = stack.runner(&verifier)?;
        let pair = paired::as_runner(&stack, &stack.key_of_runner(web).await?, &verifier)?;
        let desk = stack.token(http, "load-desk").await?;
        let login = stack.token(http, "load-login").await?;
        let backend = stack.token(http, "load-backend").await?;

        let mut processes = Vec::new();
        let mut keep = |process| {
            processes.push(process);
            processes.len() - 1
        };
        let mut references = Vec::new();
        for behind in ["nothing", "get", "single-use"] {
            let (at, process) = reference(&stack, behind, redis.at)?;
            let target = Target { at: vec![at], path: calls::VERIFY, token: login.clone() };
            references.push(Called { target, processes: vec![keep(process)] });
        }
        let mut called = |service: Service, path, token: &str, with: &[usize]| {
            let target = Target { at: vec![service.grpc], path, token: token.to_owned() };
            let mut processes = vec![keep(service.process)];
            processes.extend(with);
            Called { target, processes }
        };
        let issue = called(issuer, calls::ISSUE, &desk, &[]);
        let issue_guarded = called(guarded, calls::ISSUE, &agent, &[]);
        let verify = called(verifier, calls::VERIFY, &login, &[]);
        let verify_untraced = called(untraced, calls::VERIFY, &login, &[]);
        let verify_all_traced = called(all_traced, calls::VERIFY, &login, &[]);
        let journey = called(runner, calls::START, &backend, &verify.processes);
        let [echo, get, single_use] = <[_; 3]>::try_from(references)
            .map_err(|_| anyhow::anyhow!("there are three references"))?;
        Ok(Self {
            redis,
            stack,
            processes,
            echo,
            get,
            single_use,
            issue,
            issue_guarded,
            verify,
            pair,
            verify_untraced,
            verify_all_traced,
            journey,
            _files: files,
        })
    }

    /// Writes the records of these codes for the reference W.
    pub(crate) fn seed(&self, codes: &[Issued]) -> anyhow::Result<()> {
        seed(&mut self.redis.connect()?, codes)
    }

    /// Measures a run against one of the services.
    pub(crate) async fn measure(
        &self,
        called: &Called,
        run: impl Future<Output = anyhow::Result<Outcome>>,
    ) -> anyhow::Result<Measured> {
        let spent = || {
            let spent = called.processes.iter().map(|process| self.processes[*process].cpu());
            spent.sum::<anyhow::Result<Duration>>()
        };
        let (cpu, redis) = (spent()?, self.redis.usage()?.cpu);
        let outcome = run.await?;
        let calls = u32::try_from(outcome.durations.len().max(1))?;
        let redis = self.redis.usage()?.cpu.saturating_sub(redis) / calls;
        let measured = Measured { cpu: spent()?.saturating_sub(cpu) / calls, redis, outcome };
        // The logs would otherwise fill the disk.
        for process in &self.processes {
            process.forget_printed()?;
        }
        Ok(measured)
    }
}

impl Measured {
    /// Prints a line with the results.
    pub(crate) fn print(&self, name: &str) {
        let milliseconds = |share| self.outcome.quantile(share).as_secs_f64() * 1e3;
        println!(
            "{name:<24} {:>8.0}/s   p50 {:>7.2} ms   p99 {:>7.2} ms   server {:>6.1} us   redis {:>5.1} us",
            self.outcome.rate(),
            milliseconds(0.5),
            milliseconds(0.99),
            self.cpu.as_secs_f64() * 1e6,
            self.redis.as_secs_f64() * 1e6,
        );
    }
}

/// Starts the issuer of the guarded application. Also returns the token of its agent.
async fn guarded_issuer(stack: &Stack) -> anyhow::Result<(Service, String)> {
    let config = stack.files.path().join("guarded");
    stack::configure(&config)?;
    let id_token = guarded::configure(&config)?;
    let (issuer, http) = stack.issuer_of("guarded", &[])?;
    let secret = fs::read_to_string(config.join("applications/load.secret"))?;
    let agent = guarded::exchange(http, &secret, &id_token).await?;
    Ok((issuer, agent))
}

fn reference(
    stack: &Stack,
    behind: &str,
    redis: SocketAddr,
) -> anyhow::Result<(SocketAddr, Process)> {
    let [at] = free()?;
    let mut command = Command::new(std::env::current_exe()?);
    // The verifier's user, whose rights Redis checks on each call, as it does for Postern.
    let redis = format!("redis://verifier:{PASSWORD}@{redis}");
    command.args(["reference", behind, "--listen", &at.to_string(), "--redis", &redis]);
    Ok((at, Process::start("reference", command, stack.files.path(), &[at])?))
}
