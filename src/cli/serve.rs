//! `corridor serve`, also what happens without a command.

use crate::config::Config;
use crate::http::drain::StopSignal;
use crate::startup::Corridor;

use super::Failure;

/// Serves until the stop signal.
pub async fn run(config: &Config) -> Result<(), Failure> {
    let corridor = Corridor::prepare(config).await?;
    // Before the address is known, nobody can mean this process.
    let stop = StopSignal::install().map_err(Failure::new)?;
    let address = corridor.address().map_err(Failure::new)?;
    say!("Corridor listens on http://{address}")?;
    if let Some(metrics) = corridor.metrics_address() {
        say!("Metrics on http://{metrics}/metrics")?;
    }
    Ok(corridor.run(stop).await?)
}
