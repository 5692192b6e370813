#include "version.h"

// A Mach-O section needs the name of its segment, too.
#ifdef __APPLE__
#define SECTION "__DATA,postern_build"
#else
#define SECTION "postern_build"
#endif

// Volatile: the compiler must not use the text's present content.
__attribute__((section(SECTION), used)) static const volatile char version[96] = "1.0.0-dev (unknown commit)";

const char *postern_version(void) {
    return (const char *)version;
}
