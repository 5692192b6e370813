#include "version.h"

// Volatile: the compiler must not use the text's present content.
__attribute__((section("postern_build"), used)) static const volatile char version[96] = "1.0.0-dev (unknown commit)";

const char *postern_version(void) {
    return (const char *)version;
}
