// libzstd (libzstd-dev) as Swift sees it.
#include <zstd.h>
#include <zstd_errors.h>
