//! The folder of files that a connection may have, in Guacamole's words.
//!
//! Guacamole's `drive-path` is any path of its host. Here it lies below `files.root`, whoever
//! names it: a token can open no more than the operator has set aside.

use std::{path::Path, sync::Arc};

use porthole_files::{FilesError, SandboxedDir, Store, StorePath};

use crate::{config::Drives, parameters::ParameterError};

/// What the parameters of a connection say about its drive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DriveParameters {
    /// `enable-drive`.
    pub enable: bool,
    /// `drive-path`, absolute or relative to `files.root`. Without it the session gets a folder
    /// of its own, which goes with it.
    pub path: Option<String>,
    /// `create-drive-path`: make it if it is not there.
    pub create: bool,
    /// `disable-download`: nothing is read from it.
    pub disable_download: bool,
    /// `disable-upload`: nothing is written to it.
    pub disable_upload: bool,
}

/// The drive of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drive {
    folder: Folder,
    /// Whether its files may be read.
    pub download: bool,
    /// Whether files may be written to it.
    pub upload: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Folder {
    /// Made for the session.
    Own(Drives),
    Shared {
        drives: Drives,
        path: StorePath,
        create: bool,
    },
    /// The remote's own files, once it is up.
    Remote,
}

impl DriveParameters {
    /// Takes one parameter; `false` when it is not about drives.
    ///
    /// # Errors
    ///
    /// What is wrong with the value.
    pub fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let flag = || value.parse().map_err(|_other| String::from("must be true or false"));
        match name {
            "enable-drive" => self.enable = flag()?,
            "drive-path" => self.path = Some(value.to_owned()),
            "create-drive-path" => self.create = flag()?,
            "disable-download" => self.disable_download = flag()?,
            "disable-upload" => self.disable_upload = flag()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The drive that is asked for, if one is.
    ///
    /// # Errors
    ///
    /// There are no files at all, or `drive-path` is not below `files.root`.
    pub fn drive(&self, drives: Option<&Drives>) -> Result<Option<Drive>, ParameterError> {
        let refused = |name: &str, reason: &str| ParameterError {
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        if !self.enable {
            return Ok(None);
        }
        let Some(drives) = drives else {
            return Err(refused("enable-drive", "needs files.root, which is not set"));
        };
        let folder = match &self.path {
            None => Folder::Own(drives.clone()),
            Some(path) => {
                let below = Path::new(path).strip_prefix(&drives.root).ok();
                let below = below.map_or(Some(path.as_str()), Path::to_str);
                let below = below.map(|path| path.trim_end_matches('/'));
                let path = below.and_then(|path| StorePath::new(path).ok());
                let reason = "must lie below files.root";
                let path = path.ok_or_else(|| refused("drive-path", reason))?;
                Folder::Shared { drives: drives.clone(), path, create: self.create }
            }
        };
        Ok(Some(Drive { folder, download: !self.disable_download, upload: !self.disable_upload }))
    }
}

impl Drive {
    /// The remote's own files, which it has once it is up.
    pub const fn of_remote(download: bool, upload: bool) -> Self {
        Self { folder: Folder::Remote, download, upload }
    }

    /// Opens it for the session of this name. It blocks.
    ///
    /// # Errors
    ///
    /// [`FilesError`]; the remote's own files are not opened from here, and are
    /// [`FilesError::Unavailable`].
    pub fn open(&self, session: &str) -> Result<Arc<dyn Store>, FilesError> {
        let dir = match &self.folder {
            Folder::Own(Drives { root, limits }) => {
                SandboxedDir::make_own(root, &format!("session-{session}"), *limits)?
            }
            Folder::Shared { drives: Drives { root, limits }, path, create } => {
                SandboxedDir::open(root, path, *create, *limits)?
            }
            Folder::Remote => {
                let reason = "the remote is not there yet".to_owned();
                return Err(FilesError::Unavailable { reason });
            }
        };
        Ok(Arc::new(dir))
    }
}

#[cfg(test)]
mod tests {
    use porthole_files::{Limits, StorePath};

    use super::{DriveParameters, Folder};
    use crate::config::Drives;

    fn drives() -> Drives {
        let limits = Limits { bytes: 9, entries: 9, file_bytes: 9 };
        Drives { root: "/srv/files".into(), limits }
    }

    fn folder(path: Option<&str>) -> Result<Folder, String> {
        let parameters = DriveParameters {
            enable: true,
            path: path.map(str::to_owned),
            ..DriveParameters::default()
        };
        let drive = parameters.drive(Some(&drives())).map_err(|error| error.to_string())?;
        Ok(drive.unwrap().folder)
    }

    #[test]
    fn lies_below_the_root() {
        let shared = |path| Folder::Shared {
            drives: drives(),
            path: StorePath::new(path).unwrap(),
            create: false,
        };
        assert_eq!(folder(None), Ok(Folder::Own(drives())));
        for (path, want) in [
            ("ada", "ada"),
            ("teams/ada", "teams/ada"),
            ("/srv/files/teams/ada/", "teams/ada"),
            ("/srv/files", ""),
        ] {
            assert_eq!(folder(Some(path)), Ok(shared(want)), "{path}");
        }
        for path in ["/etc", "/srv/files/../other", "/srv/filesystem", "..", "a/../..", "a\\b"] {
            assert!(folder(Some(path)).unwrap_err().contains("drive-path"), "{path}");
        }
    }

    #[test]
    fn is_there_only_when_asked_for_and_offered() {
        let mut parameters = DriveParameters::default();
        assert!(!parameters.take("hostname", "x").unwrap());
        assert!(parameters.take("disable-upload", "true").unwrap());
        assert_eq!(parameters.drive(None), Ok(None));
        assert!(parameters.take("enable-drive", "yes").is_err());
        assert!(parameters.take("enable-drive", "true").unwrap());
        assert!(parameters.drive(None).unwrap_err().to_string().contains("files.root"));
        let drive = parameters.drive(Some(&drives())).unwrap().unwrap();
        assert!(drive.download && !drive.upload);
    }
}
