//! Measurements that need no rounds: memory per code, a full store, the start.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use super::bars::Figures;
use super::field::Field;
use super::rounds::{issue, ratio, verify};
use super::{Args, QUIET_RATE};
use crate::calls;
use crate::generator::Pace;
use crate::paired;
use crate::process::binary;
use crate::stack::USUAL;

/// The active codes of a nearly empty store.
const FEW: usize = 1_000;

/// The seconds for which latency is measured.
const LOOK: usize = 10;

/// The time after which a started service is idle.
const SETTLED: Duration = Duration::from_secs(2);

pub(super) async fn run(field: &Field, args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    println!();
    let calls = (LOOK * QUIET_RATE as usize).min(args.calls);
    let pace = Pace::Rate(QUIET_RATE);
    field.redis.clear()?;
    calls::fill(&field.issue.target, FEW).await?;
    let (_, codes) = issue(field, calls).await?;
    let few = verify(field, &field.verify, &codes, pace).await?;
    few.print("verify, few codes");

    field.redis.clear()?;
    let empty = field.redis.usage()?;
    calls::fill(&field.issue.target, args.codes).await?;
    let full = field.redis.usage()?;
    let unpaired = (full.memory - empty.memory) as f64 / (full.keys - empty.keys) as f64;
    field.redis.settle()?;
    let (_, codes) = issue(field, calls).await?;
    let many = verify(field, &field.verify, &codes, pace).await?;
    many.print("verify, a full store");
    let binding = binding(field).await?;
    println!("an active code: {unpaired:.0} bytes, its binding: {binding} bytes");
    figures.add("P8", unpaired + binding as f64);
    figures.add("P9", ratio(many.outcome.quantile(0.99), few.outcome.quantile(0.99)));
    Ok(())
}

/// The bytes by which the record of a paired code is larger than that of an unpaired one.
async fn binding(field: &Field) -> anyhow::Result<u64> {
    field.redis.clear()?;
    calls::fill(&field.issue.target, 1).await?;
    let unpaired = field.redis.record()?;
    field.redis.clear()?;
    paired::issue(&field.pair, &field.issue.target, 1).await?;
    Ok(field.redis.record()?.saturating_sub(unpaired))
}

pub(super) fn start(field: &Field, figures: &mut Figures) -> anyhow::Result<()> {
    let service = field.stack.verifier(USUAL, &[])?;
    figures.add("P11a", service.ready_after.as_secs_f64() * 1e3);
    sleep(SETTLED);
    figures.add("P11b", service.process.memory()? as f64 / f64::from(1 << 20));
    service.process.end()?;
    for name in ["code-issuer", "verifier", "journey-runner"] {
        // A scratch image contains little besides the binary.
        let bytes = fs::metadata(binary(name)?)?.len();
        println!("{name}: {:.1} MB", bytes as f64 / 1e6);
        figures.add("P11c", bytes as f64 / 1e6);
    }
    Ok(())
}
