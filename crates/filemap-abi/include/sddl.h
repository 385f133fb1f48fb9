/* For sources that include <sddl.h>: its function is in filemap.h. */
#ifndef FILEMAP_SDDL_H
#define FILEMAP_SDDL_H

#include "windef.h"

#endif
