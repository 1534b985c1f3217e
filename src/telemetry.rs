//! What the program tells about its work: log lines on stderr, and metrics
//! that Prometheus reads. Names follow Prometheus (`_total`, `_seconds`), HTTP
//! ones the OpenTelemetry semantic conventions. Labels are route templates
//! and other small sets, never ids or addresses.

use std::io::{self, IsTerminal};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Log, LogFormat};

/// Bucket bounds in seconds, from the OpenTelemetry semantic conventions for
/// `http.server.request.duration`; every histogram of a duration uses them.
const DURATION_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// How often waiting samples are folded into their histograms.
const UPKEEP: Duration = Duration::from_secs(5);

/// Telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.level` is neither a level nor a filter.
    #[error("log.level: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Another subscriber is installed in this process.
    #[error("logging is set up already")]
    Installed,
    /// Another recorder is installed in this process.
    #[error("metrics: {0}")]
    Recorder(#[from] BuildError),
    /// The upkeep thread can't be started.
    #[error("metrics: {0}")]
    Thread(#[from] io::Error),
}

/// Sends this process's log to stderr, so that stdout stays free for results.
///
/// # Errors
/// A filter that can't be read, or a second call.
pub fn install_logging(log: &Log) -> Result<(), TelemetryError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&log.level)?)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    let installed = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    installed.map_err(|_| TelemetryError::Installed)
}

/// The metrics of this process, ready to be rendered.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the recorder for the whole process and a thread that folds
    /// waiting samples into their histograms, which would pile up until
    /// somebody renders. Without this call all metrics are dropped at no cost.
    ///
    /// # Errors
    /// A second call, or a thread that can't be started.
    pub fn install() -> Result<Self, TelemetryError> {
        let handle = builder()?.install_recorder()?;
        let upkeep = handle.clone();
        std::thread::Builder::new()
            .name("metrics-upkeep".to_owned())
            .spawn(move || {
                loop {
                    std::thread::sleep(UPKEEP);
                    upkeep.run_upkeep();
                }
            })?;
        Ok(Self(handle))
    }

    /// The text exposition format 0.0.4 of Prometheus.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    let durations = Matcher::Suffix("_duration_seconds".to_owned());
    PrometheusBuilder::new().set_buckets_for_metric(durations, &DURATION_BUCKETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_times_fall_into_the_standard_buckets() {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            metrics::histogram!("http_server_request_duration_seconds", "http_route" => "/v1/x")
                .record(0.06);
        });
        let text = recorder.handle().render();
        let bucket = |le: &str| {
            format!(
                "http_server_request_duration_seconds_bucket{{http_route=\"/v1/x\",le=\"{le}\"}}"
            )
        };
        assert!(text.contains(&format!("{} 0", bucket("0.05"))), "{text}");
        assert!(text.contains(&format!("{} 1", bucket("0.075"))), "{text}");
        assert!(text.contains(&format!("{} 1", bucket("10"))), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_an_error() {
        let log = Log {
            level: "corridor=loud".to_owned(),
            format: LogFormat::Text,
        };
        assert!(matches!(
            install_logging(&log),
            Err(TelemetryError::Filter(_))
        ));
    }
}
