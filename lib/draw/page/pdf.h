/* pdf.h -- a call graph as a PDF of one page, for picture_options. */
#ifndef CPROF_DRAW_PAGE_PDF_H
#define CPROF_DRAW_PAGE_PDF_H

#include "draw/picture.h"

extern const struct picture_format picture_pdf;

#endif
