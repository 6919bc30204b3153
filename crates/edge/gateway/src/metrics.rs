//! What the gateway counts, for Prometheus.
//!
//! Labels come from closed sets: causes are `&'static str`s from the error enums, codecs are the
//! link's. No user, host or session is ever a label.

mod process;

use std::{sync::Arc, time::Duration};

use porthole_link::Codec;
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder, core::Collector,
};

/// The gateway's metrics. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    sessions: IntGauge,
    sessions_opened: IntCounter,
    sessions_ended: IntCounterVec,
    viewers: IntGauge,
    viewers_attached: IntCounter,
    frames: IntCounter,
    frame_bytes: IntCounter,
    image_bytes: IntCounterVec,
    images: IntCounterVec,
    frame_latency: Histogram,
    tokens_rejected: IntCounterVec,
    dial_failures: IntCounterVec,
    links_refused: IntCounterVec,
    links_failed: IntCounterVec,
    connections_refused: IntCounter,
}

impl Metrics {
    /// All metrics at zero, in a registry of their own.
    ///
    /// # Errors
    ///
    /// Two metrics of one name, which would be a fault in this function.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new_custom(Some("porthole".to_owned()), None)?;
        let seconds = HistogramOpts::new(
            "frame_latency_seconds",
            "From the moment a frame was due to its acknowledgement by the browser",
        )
        // 2 ms to about 8 s, doubling: what a person at a screen can feel, and beyond.
        .buckets(prometheus::exponential_buckets(0.002, 2.0, 13)?);
        let inner = Inner {
            sessions: add(&registry, IntGauge::new("sessions", "Sessions that live now")?)?,
            sessions_opened: counter(&registry, "sessions_opened_total", "Sessions opened")?,
            sessions_ended: family(
                &registry,
                ("sessions_ended_total", "cause"),
                "Sessions that ended, by cause",
            )?,
            viewers: add(&registry, IntGauge::new("viewers", "Viewers attached now")?)?,
            viewers_attached: counter(&registry, "viewers_attached_total", "Viewers attached")?,
            frames: counter(&registry, "frames_sent_total", "Frames sent to browsers")?,
            frame_bytes: counter(&registry, "frame_sent_bytes_total", "Bytes of those frames")?,
            images: family(
                &registry,
                ("images_sent_total", "codec"),
                "Images in those frames, by codec",
            )?,
            image_bytes: family(
                &registry,
                ("image_sent_bytes_total", "codec"),
                "Bytes of those images, by codec",
            )?,
            frame_latency: add(&registry, Histogram::with_opts(seconds)?)?,
            tokens_rejected: family(
                &registry,
                ("tokens_rejected_total", "cause"),
                "Tokens refused, by cause",
            )?,
            dial_failures: family(
                &registry,
                ("dial_failures_total", "cause"),
                "Remotes that could not be reached or were lost, by cause",
            )?,
            links_refused: family(
                &registry,
                ("links_refused_total", "cause"),
                "Requests for a link that were refused before the upgrade, by cause",
            )?,
            links_failed: family(
                &registry,
                ("links_failed_total", "cause"),
                "Links that ended with an Error record, by cause",
            )?,
            connections_refused: counter(
                &registry,
                "connections_refused_total",
                "TCP connections closed at once because there were too many",
            )?,
            registry,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A session began.
    pub fn session_opened(&self) {
        self.inner.sessions_opened.inc();
        self.inner.sessions.inc();
    }

    /// A session ended. `cause` is one of a closed set.
    pub fn session_ended(&self, cause: &'static str) {
        self.inner.sessions_ended.with_label_values(&[cause]).inc();
        self.inner.sessions.dec();
    }

    /// A viewer joined a session.
    pub fn viewer_attached(&self) {
        self.inner.viewers_attached.inc();
        self.inner.viewers.inc();
    }

    /// A viewer left a session.
    pub fn viewer_detached(&self) {
        self.inner.viewers.dec();
    }

    /// A frame of `bytes` bytes was handed to a browser's socket.
    pub fn frame_sent(&self, bytes: usize) {
        self.inner.frames.inc();
        self.inner.frame_bytes.inc_by(bytes as u64);
    }

    /// An image of `bytes` bytes was part of a frame.
    pub fn image_sent(&self, codec: Codec, bytes: usize) {
        let codec = match codec {
            Codec::Jpeg | Codec::JpegScan => "jpeg",
            Codec::Palette => "palette",
            Codec::Rgb => "rgb",
        };
        self.inner.images.with_label_values(&[codec]).inc();
        self.inner.image_bytes.with_label_values(&[codec]).inc_by(bytes as u64);
    }

    /// A browser acknowledged a frame this long after it was due.
    pub fn frame_latency(&self, latency: Duration) {
        self.inner.frame_latency.observe(latency.as_secs_f64());
    }

    /// A token was refused. `cause` is [`porthole_token::TokenError::cause`].
    pub fn token_rejected(&self, cause: &'static str) {
        self.inner.tokens_rejected.with_label_values(&[cause]).inc();
    }

    /// A remote could not be reached or was lost. `cause` is [`porthole_dial::DialError::cause`].
    pub fn dial_failed(&self, cause: &'static str) {
        self.inner.dial_failures.with_label_values(&[cause]).inc();
    }

    /// A request for a link was refused before the upgrade.
    pub fn link_refused(&self, cause: &'static str) {
        self.inner.links_refused.with_label_values(&[cause]).inc();
    }

    /// A link ended with an Error record. `cause` is [`crate::GatewayError::cause`].
    pub fn link_failed(&self, cause: &'static str) {
        self.inner.links_failed.with_label_values(&[cause]).inc();
    }

    /// A TCP connection was closed because there were too many.
    pub(crate) fn connection_refused(&self) {
        self.inner.connections_refused.inc();
    }

    /// Everything in Prometheus' text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.inner.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics could not be written");
        }
        let mut text = String::from_utf8(text).unwrap_or_default();
        process::render(&mut text);
        text
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Metrics")
    }
}

fn add<C: Collector + Clone + 'static>(registry: &Registry, metric: C) -> prometheus::Result<C> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn counter(registry: &Registry, name: &str, help: &str) -> prometheus::Result<IntCounter> {
    add(registry, IntCounter::new(name, help)?)
}

fn family(
    registry: &Registry,
    (name, label): (&str, &str),
    help: &str,
) -> prometheus::Result<IntCounterVec> {
    add(registry, IntCounterVec::new(Opts::new(name, help), &[label])?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use porthole_link::Codec;

    use super::Metrics;

    #[test]
    fn counts_and_renders() {
        let metrics = Metrics::new().unwrap();
        metrics.session_opened();
        metrics.session_opened();
        metrics.session_ended("remote_closed");
        metrics.viewer_attached();
        metrics.frame_sent(1000);
        metrics.image_sent(Codec::Palette, 900);
        metrics.frame_latency(Duration::from_millis(20));
        metrics.token_rejected("expired");
        metrics.dial_failed("connect");
        let text = metrics.render();
        for line in [
            "porthole_sessions 1",
            "porthole_sessions_opened_total 2",
            "porthole_sessions_ended_total{cause=\"remote_closed\"} 1",
            "porthole_viewers 1",
            "porthole_frames_sent_total 1",
            "porthole_frame_sent_bytes_total 1000",
            "porthole_image_sent_bytes_total{codec=\"palette\"} 900",
            "porthole_frame_latency_seconds_count 1",
            "porthole_tokens_rejected_total{cause=\"expired\"} 1",
            "porthole_dial_failures_total{cause=\"connect\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
