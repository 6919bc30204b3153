//! A network of a chosen rate, delay, queue and loss between two namespaces of this machine.
//!
//! Some kernels have no `sch_netem`; this needs none. Two namespaces have one TUN device each and
//! no other way out. What comes out of one device goes into the other after the time that the
//! model in `path.rs` gives it. The program runs until its standard input ends, takes orders from
//! it, and then removes everything it made.

mod check;
mod path;
mod pump;
mod rooms;

use std::io::BufRead as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;

use self::path::{Counts, Nature};
use self::pump::Orders;
use self::rooms::Room;

/// Exit code when the machine cannot do this, as test runners know it.
const SKIPPED: u8 = 77;

/// Before other programs: a packet that waits for the processor would be measured as delay.
const NICE: i32 = -10;

#[derive(Debug, Parser)]
#[command(
    name = "porthole-shape",
    about = "A slow, far and lossy network between two namespaces of this machine.",
    after_help = "Where two values are allowed, the first is for the way to the browser and the \
                  second for the way back: --rate 20M/2M.\n\nOrders on standard input, a line \
                  each: `dead SECONDS` and `stats`. Its end ends the program."
)]
struct Options {
    /// Bits a second, such as `20M`; `0` for no limit. One value, or two.
    #[arg(long, default_value = "20M", value_parser = parse_both)]
    rate: (u64, u64),
    /// Time there and back, such as `40ms`. Each way takes half.
    #[arg(long, default_value = "40ms", value_parser = parse_ms)]
    rtt: Duration,
    /// Bytes that may wait before the wire, such as `256K`. One value, or two.
    #[arg(long, default_value = "256K", value_parser = parse_both)]
    queue: (u64, u64),
    /// Share of packets that are lost, in both ways, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    /// The kernel's TCP in both namespaces: the first of these that it lends.
    #[arg(long, default_value = "cubic,reno", value_delimiter = ',')]
    congestion: Vec<String>,
    /// Measure a round trip and a transfer, compare them with the model, and end.
    #[arg(long)]
    check: bool,
}

/// Runs the program; its exit code.
pub(crate) fn run() -> ExitCode {
    let options = Options::parse();
    if let Err(reason) = rooms::check_machine() {
        eprintln!("SKIPPED: no shaped network on this machine: {reason:#}");
        return ExitCode::from(SKIPPED);
    }
    match serve(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options) -> Result<()> {
    ensure!((0.0..=1.0).contains(&options.loss), "loss is {}, not 0 to 1", options.loss);
    rooms::remove_leftovers()?;
    let nature = |rate: u64, queue_bytes| Nature {
        rate_bits: (rate > 0).then_some(rate),
        delay: options.rtt / 2,
        queue_bytes,
        loss: options.loss,
    };
    let down = nature(options.rate.0, options.queue.0);
    let up = nature(options.rate.1, options.queue.1);
    rustix::process::setpriority_process(None, NICE).context("cannot raise the priority")?;
    let rooms = Room::pair(&options.congestion)?;
    let [near, far] = &rooms;
    let orders = Orders::new();
    std::thread::scope(|scope| {
        let pumps = [
            scope.spawn(|| pump::pump(&orders, 0, down, (&far.device, &near.device))),
            scope.spawn(|| pump::pump(&orders, 1, up, (&near.device, &far.device))),
        ];
        let outcome =
            if options.check { check::run(&rooms, down, up) } else { obey(&orders, &rooms) };
        orders.stop();
        for pump in pumps {
            pump.join().map_err(|_panic| anyhow::anyhow!("a direction's thread panicked"))??;
        }
        outcome
    })
}

/// Says where everything is, and takes orders until there are no more.
fn obey(orders: &Orders, [near, far]: &[Room; 2]) -> Result<()> {
    let side = |room: &Room| serde_json::json!({ "namespace": room.name, "address": room.address });
    println!(
        "{}",
        serde_json::json!({ "near": side(near), "far": side(far), "tcp": far.congestion })
    );
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let answer = match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["dead", seconds] => {
                let seconds: f64 = seconds.parse().context("dead: seconds are wanted")?;
                let time = Duration::try_from_secs_f64(seconds).context("dead: seconds")?;
                orders.kill_for(time);
                serde_json::json!({ "dead_s": seconds })
            }
            ["stats"] => {
                let [down, up] = orders.counts();
                serde_json::json!({ "down": json(down), "up": json(up) })
            }
            _ => bail!("no such order: {line:?}"),
        };
        println!("{answer}");
    }
    Ok(())
}

fn json(counts: Counts) -> serde_json::Value {
    let Counts { packets, bytes, dropped, lost, dead } = counts;
    serde_json::json!({
        "packets": packets, "bytes": bytes, "dropped": dropped, "lost": lost, "dead": dead,
    })
}

/// Reads `20M`, or `20M/2M`.
fn parse_both(text: &str) -> Result<(u64, u64)> {
    match text.split_once('/') {
        Some((down, up)) => Ok((parse_amount(down)?, parse_amount(up)?)),
        None => parse_amount(text).map(|both| (both, both)),
    }
}

/// Reads `256K` or `20M`: thousands and millions.
fn parse_amount(text: &str) -> Result<u64> {
    let (digits, factor) = match text.as_bytes().last() {
        Some(b'K') => (text.strip_suffix('K'), 1_000),
        Some(b'M') => (text.strip_suffix('M'), 1_000_000),
        _ => (Some(text), 1),
    };
    let amount: u64 = digits.unwrap_or_default().parse().with_context(|| format!("{text:?}"))?;
    amount.checked_mul(factor).with_context(|| format!("{text:?} is too much"))
}

/// Reads `40ms`.
fn parse_ms(text: &str) -> Result<Duration> {
    let digits = text.strip_suffix("ms").with_context(|| format!("{text:?} does not end in ms"))?;
    Ok(Duration::from_millis(digits.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_amounts() {
        assert_eq!(parse_both("20M").unwrap(), (20_000_000, 20_000_000));
        assert_eq!(parse_both("5M/256K").unwrap(), (5_000_000, 256_000));
        assert_eq!(parse_both("0").unwrap(), (0, 0));
        assert_eq!(parse_ms("40ms").unwrap(), Duration::from_millis(40));
        for wrong in ["", "M", "-1", "1G", "99999999999999999999", "99999999999999999M", "1/"] {
            assert!(parse_both(wrong).is_err(), "{wrong:?}");
        }
        assert!(parse_ms("40").is_err());
    }
}
