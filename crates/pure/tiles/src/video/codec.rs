//! Where the H.264 encoder comes from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openh264::OpenH264API;

use crate::TilesError;

/// An `OpenH264` library, ready to make encoders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoCodec(Source);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Library(Arc<Path>),
    #[cfg(any(feature = "openh264-source", test))]
    Bundled,
}

impl VideoCodec {
    /// The library in the file at `path`, for example
    /// `/usr/local/lib/libopenh264-2.6.0-linux64.8.so`. It must be one that Cisco publishes, of
    /// version 2.6.0: its SHA-256 is compared with theirs before any of it runs. Other builds may
    /// lay out their structures otherwise, and Cisco pays the patent licence for its own alone.
    ///
    /// Reads the file, about 1 MiB: the one place of this crate that touches a disk. Call it when
    /// the gateway starts.
    ///
    /// # Errors
    ///
    /// [`TilesError::Video`] when there is no such file, or another library in it.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, TilesError> {
        let codec = Self(Source::Library(path.into().into()));
        codec.api()?;
        Ok(codec)
    }

    /// The encoder that was compiled in, if one was. Whoever distributes such a build answers for
    /// patent licences.
    pub const fn bundled() -> Option<Self> {
        #[cfg(any(feature = "openh264-source", test))]
        return Some(Self(Source::Bundled));
        #[cfg(not(any(feature = "openh264-source", test)))]
        None
    }

    pub(super) fn api(&self) -> Result<OpenH264API, TilesError> {
        match &self.0 {
            Source::Library(path) => {
                OpenH264API::from_blob_path(path.as_os_str()).map_err(|error| TilesError::Video {
                    reason: format!("{}: {error}", path.display()),
                })
            }
            #[cfg(any(feature = "openh264-source", test))]
            Source::Bundled => Ok(OpenH264API::from_source()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_no_library_but_the_published_ones() {
        // Two files that are on every machine that runs this: itself, and none.
        let other = std::env::current_exe().unwrap();
        for path in [other.as_path(), Path::new("/nonexistent/libopenh264.so")] {
            let error = VideoCodec::load(path).unwrap_err();
            assert_eq!(error.cause(), "tiles_video");
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    }
}
