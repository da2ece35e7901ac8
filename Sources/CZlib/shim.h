// zlib (zlib1g-dev) as Swift sees it. `deflateInit2` is a macro there, so its function form is named here.
#include <zlib.h>
