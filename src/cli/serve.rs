//! `corridor serve`, also what happens without a command.

use crate::config::Config;
use crate::startup::Corridor;

use super::Failure;

/// Serves until the stop signal.
pub async fn run(config: &Config) -> Result<(), Failure> {
    let corridor = Corridor::prepare(config).await?;
    let address = corridor.address().map_err(Failure::new)?;
    println!("Corridor listens on http://{address}");
    if let Some(metrics) = corridor.metrics_address() {
        println!("Metrics on http://{metrics}/metrics");
    }
    Ok(corridor.run().await?)
}
