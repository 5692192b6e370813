#pragma once

/// The version, the commit and the compiler of the build, such as `1.0.0-dev (3f2a9c1d4e5b, Swift 6.3.1)`.
///
/// `deploy/build` overwrites the text in the finished binary, in its section `postern_build`, so that another commit
/// does not mean another build. Builds that are made otherwise have the text of version.c.
const char *postern_version(void);
