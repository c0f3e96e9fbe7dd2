//! Chooses a pack for each requirement.
//!
//! # The rule
//! Of all packs of the required name whose version matches, the best version is chosen: the
//! highest by semver. Where it is in several places, a pack that is in the process already comes
//! first, then the folders in order. Where the folder that was chosen has it in several files,
//! these must be identical.
//!
//! A requirement that names no version (by [`resolve_names`]) takes the highest release, and a
//! pre-release only where there is nothing else; `*` never matches a pre-release, as in cargo.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use semver::VersionReq;
use terrace_core::PackRequirement;

use super::scan::{Candidate, Scan, scan};
use super::{Location, PackPath, ResolvedPack};
use crate::error::{PackError, ResolveError, ResolveFault};
use crate::manifest::PackManifest;
use crate::pack::Pack;
use crate::verify::PackFile;

/// Chooses a pack for each requirement, from manifests alone. Executes nothing.
///
/// The highest version that matches wins, wherever it is; where it is in several folders, the
/// first. The answers are in the order of the requirements.
///
/// # Errors
/// One error for every requirement that cannot be met, all at once: [`ResolveFault`] has the cases.
pub fn resolve(
    requirements: &[PackRequirement],
    path: &PackPath,
) -> Result<Vec<ResolvedPack>, Vec<ResolveError>> {
    resolve_with(requirements, &[], path)
}

/// Chooses the best version of each pack named, as [`resolve`] does; the name is the alias.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_names<S: AsRef<str>>(
    names: impl IntoIterator<Item = S>,
    path: &PackPath,
) -> Result<Vec<ResolvedPack>, Vec<ResolveError>> {
    resolve_names_with(names, &[], path)
}

/// As [`resolve_names`], with packs that are in the process already.
pub(crate) fn resolve_names_with<S: AsRef<str>>(
    names: impl IntoIterator<Item = S>,
    loaded: &[Pack],
    path: &PackPath,
) -> Result<Vec<ResolvedPack>, Vec<ResolveError>> {
    let mut seen = BTreeSet::new();
    let mut wants = Vec::new();
    for name in names {
        let name = name.as_ref();
        if seen.insert(name.to_owned()) {
            wants.push(PackRequirement {
                alias: name.to_owned(),
                name: name.to_owned(),
                version: "*".to_owned(),
                span: None,
            });
        }
    }
    let found = Found::new(loaded, scan(path));
    collect(wants.iter().map(|requirement| found.choose(requirement, &Wanted::Best)))
}

/// As [`resolve`], with packs that are in the process already.
pub(crate) fn resolve_with(
    requirements: &[PackRequirement],
    loaded: &[Pack],
    path: &PackPath,
) -> Result<Vec<ResolvedPack>, Vec<ResolveError>> {
    let found = Found::new(loaded, scan(path));
    let mut aliases: BTreeMap<&str, &PackRequirement> = BTreeMap::new();
    collect(requirements.iter().map(|requirement| {
        let first = aliases.entry(&requirement.alias).or_insert(requirement);
        if (&first.name, &first.version) != (&requirement.name, &requirement.version) {
            let alias = requirement.alias.clone();
            return Err(ResolveError::new(requirement, ResolveFault::DuplicateAlias { alias }));
        }
        let wanted = VersionReq::parse(&requirement.version).map_err(|error| {
            let text = requirement.version.clone();
            let fault = ResolveFault::InvalidRequirement { text, source: Arc::new(error) };
            ResolveError::new(requirement, fault)
        })?;
        found.choose(requirement, &Wanted::Matching(wanted))
    }))
}

/// All answers, or all errors.
fn collect<T>(
    answers: impl Iterator<Item = Result<T, ResolveError>>,
) -> Result<Vec<T>, Vec<ResolveError>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(answer) => good.push(answer),
            Err(error) => bad.push(error),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

enum Wanted {
    Best,
    Matching(VersionReq),
}

impl Wanted {
    fn accepts(&self, manifest: &PackManifest) -> bool {
        match self {
            Self::Best => true,
            Self::Matching(wanted) => wanted.matches(&manifest.semver),
        }
    }
}

/// What there is to choose from.
struct Found<'a> {
    loaded: &'a [Pack],
    scan: Scan,
}

impl<'a> Found<'a> {
    fn new(loaded: &'a [Pack], scan: Scan) -> Self {
        Self { loaded, scan }
    }

    fn choose(
        &self,
        requirement: &PackRequirement,
        wanted: &Wanted,
    ) -> Result<ResolvedPack, ResolveError> {
        let fail = |fault| ResolveError::new(requirement, fault);
        // In the order of preference among equal versions.
        let loaded = self.loaded.iter().map(|pack| (pack.manifest(), Place::Loaded(pack)));
        let files = self.scan.packs.iter().map(|file| (&file.manifest, Place::File(file)));
        let named: Vec<(&Arc<PackManifest>, Place<'_>)> =
            loaded.chain(files).filter(|(manifest, _)| manifest.name == requirement.name).collect();
        if named.is_empty() {
            return Err(fail(self.not_found(&requirement.name)));
        }
        let rank = |manifest: &PackManifest| {
            (
                manifest.semver.pre.is_empty() || !matches!(wanted, Wanted::Best),
                manifest.semver.clone(),
            )
        };
        let mut best: Option<&(&Arc<PackManifest>, Place<'_>)> = None;
        for candidate in named.iter().filter(|(manifest, _)| wanted.accepts(manifest)) {
            if best.is_none_or(|best| rank(candidate.0) > rank(best.0)) {
                best = Some(candidate);
            }
        }
        let Some((manifest, place)) = best else {
            return Err(fail(ResolveFault::NoVersion {
                wanted: requirement.version.clone(),
                found: versions(&named),
                broken: self.broken(&requirement.name),
            }));
        };
        let location = match place {
            Place::Loaded(pack) => Location::Loaded((*pack).clone()),
            Place::File(file) => {
                self.check_unique(file).map_err(fail)?;
                Location::File(file.path.clone())
            }
        };
        let requirement = requirement.clone();
        Ok(ResolvedPack { requirement, manifest: (*manifest).clone(), location })
    }

    /// Checks that all files of this pack and version in this folder are identical.
    fn check_unique(&self, chosen: &Candidate) -> Result<(), ResolveFault> {
        let refused = |error: PackError| ResolveFault::Refused(Arc::new(error));
        let mut files: Vec<PathBuf> = Vec::new();
        let mut first: Option<PackFile> = None;
        for other in &self.scan.packs {
            let same = other.folder == chosen.folder
                && other.path != chosen.path
                && other.manifest.name == chosen.manifest.name
                && other.manifest.semver == chosen.manifest.semver;
            if !same {
                continue;
            }
            if first.is_none() {
                first = Some(PackFile::open(&chosen.path).map_err(refused)?);
            }
            let other = PackFile::open(&other.path).map_err(refused)?;
            let identical = first.as_ref().is_some_and(|first| {
                // Where one cannot be read, they are not known to be identical.
                first.same_bytes(&other).unwrap_or(false)
            });
            if !identical {
                files.push(other.path().to_owned());
            }
        }
        if files.is_empty() {
            return Ok(());
        }
        files.insert(0, chosen.path.clone());
        Err(ResolveFault::Ambiguous { version: chosen.manifest.version.clone(), files })
    }

    fn not_found(&self, name: &str) -> ResolveFault {
        let loaded = self.loaded.iter().map(|pack| pack.manifest().name.as_str());
        let files = self.scan.packs.iter().map(|found| found.manifest.name.as_str());
        let limit = (name.chars().count() / 3).clamp(1, 4);
        let meant = loaded
            .chain(files)
            .map(|known| (strsim::damerau_levenshtein(name, known), known))
            .filter(|(distance, _)| *distance <= limit)
            .min()
            .map(|(_, known)| known.to_owned());
        ResolveFault::NotFound {
            meant,
            searched: self.scan.folders.iter().map(ToString::to_string).collect(),
            broken: self.broken(name),
        }
    }

    /// Refused files that say they are this pack, or do not get as far as to say.
    fn broken(&self, name: &str) -> Vec<Arc<PackError>> {
        let may_be = |broken: &&super::BrokenPack| broken.name.as_deref().is_none_or(|n| n == name);
        self.scan.broken.iter().filter(may_be).map(|broken| broken.error.clone()).collect()
    }
}

enum Place<'a> {
    Loaded(&'a Pack),
    File(&'a Candidate),
}

/// The versions that there are, each with its place, the highest first.
fn versions(named: &[(&Arc<PackManifest>, Place<'_>)]) -> Vec<String> {
    let mut sorted: Vec<_> = named.iter().collect();
    sorted.sort_by(|a, b| b.0.semver.cmp(&a.0.semver));
    let describe = |(manifest, place): &&(&Arc<PackManifest>, Place<'_>)| {
        let place = match place {
            Place::Loaded(pack) => Location::Loaded((*pack).clone()),
            Place::File(file) => Location::File(file.path.clone()),
        };
        format!("{} ({place})", manifest.version)
    };
    sorted.iter().map(describe).collect()
}
