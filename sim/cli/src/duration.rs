//! Durations as people write them on a command line.

use std::time::Duration;

use jiff::SignedDuration;

/// Parses a duration: `90` and `1.5` are seconds; `5m`, `1h 30m` and `250ms` have units.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let duration = seconds.or_else(|| text.parse::<SignedDuration>().ok()?.try_into().ok());
    duration.filter(|duration| !duration.is_zero()).ok_or_else(|| "expected a duration, such as 90, 5m or 1h".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_units() {
        let of = |text| duration(text).map(|duration| duration.as_millis());
        let texts = ["90", "0.3", "5m", "1h 30m", "250ms", "2 minutes"];
        assert_eq!(texts.map(of), [90_000, 300, 300_000, 5_400_000, 250, 120_000].map(Ok));
        for bad in ["", "0", "-1", "-5m", "soon", "5 lines", "inf", "NaN", "1e300"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }
}
