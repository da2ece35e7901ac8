// libdeflate (libdeflate-dev) as Swift sees it.
#include <libdeflate.h>
