//! The benchmark: Postern with all features enabled, as in production, against references on the
//! same machine. Only ratios are judged, each the median of several interleaved rounds.

mod bars;
mod field;
mod guarded;
mod h2load;
mod memory;
mod rounds;

use anyhow::ensure;

use self::bars::Figures;
use self::field::Field;

/// Options of `bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rounds; the median of their ratios counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Calls of each run in a round
    #[arg(long, default_value_t = 50_000)]
    calls: usize,
    /// Active codes in the full store
    #[arg(long, default_value_t = 1_000_000)]
    codes: usize,
    /// A short form, without judging the figures
    #[arg(long)]
    short: bool,
}

/// Calls a second while the latency of a lightly loaded service is measured.
const QUIET_RATE: u32 = 2_000;

/// Measures, prints the table, and fails if a bar is missed.
pub(crate) async fn run(mut args: Args) -> anyhow::Result<()> {
    if args.short {
        (args.rounds, args.calls, args.codes) = (1, 2_000, 20_000);
    }
    let mut figures = Figures::default();
    let field = Field::start().await?;
    h2load::print(&field)?;
    for round in 1..=args.rounds {
        println!("\nround {round} of {}", args.rounds);
        rounds::run(&field, &args, &mut figures).await?;
    }
    let filled = memory::run(&field, &args, &mut figures).await;
    memory::start(&field, &mut figures)?;
    // The rounds take long: a call that fails in the full store must not cost their figures.
    let missed = figures.print();
    filled?;
    ensure!(
        args.short || missed == 0,
        "figures that miss their bar: {missed}; the table shows which"
    );
    Ok(())
}
