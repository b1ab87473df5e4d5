#include "draw/page/find.h"

#include <fontconfig/fontconfig.h>

static FcPattern *pattern_for(bool bold, uint32_t code)
{
	FcCharSet *one;
	FcPattern *wanted;

	if (code == 0)
		return FcPatternBuild(NULL, FC_FAMILY, FcTypeString, "sans", FC_WEIGHT,
				      FcTypeInteger, bold ? FC_WEIGHT_BOLD : FC_WEIGHT_NORMAL,
				      NULL);
	one = FcCharSetCreate();
	if (one == NULL || !FcCharSetAddChar(one, code)) {
		if (one != NULL)
			FcCharSetDestroy(one);
		return NULL;
	}
	wanted = FcPatternBuild(NULL, FC_FAMILY, FcTypeString, "sans", FC_CHARSET,
				FcTypeCharSet, one, NULL);
	FcCharSetDestroy(one);
	return wanted;
}

/* The nearest to what is wanted may be without the character. */
static bool has(FcPattern *found, uint32_t code)
{
	FcCharSet *all;

	return code == 0 || (FcPatternGetCharSet(found, FC_CHARSET, 0, &all) == FcResultMatch &&
			     FcCharSetHasChar(all, code));
}

int find_font(struct buf *path, int *index, bool bold, uint32_t code)
{
	FcPattern *wanted = pattern_for(bold, code), *found;
	FcResult result;
	FcChar8 *file;
	int rc = -1;

	if (wanted == NULL)
		return -1;
	FcConfigSubstitute(NULL, wanted, FcMatchPattern);
	FcDefaultSubstitute(wanted);
	found = FcFontMatch(NULL, wanted, &result);
	FcPatternDestroy(wanted);
	if (found == NULL)
		return -1;
	*index = 0;
	FcPatternGetInteger(found, FC_INDEX, 0, index);
	if (FcPatternGetString(found, FC_FILE, 0, &file) == FcResultMatch && has(found, code)) {
		buf_adds(path, (const char *)file);
		rc = 0;
	}
	FcPatternDestroy(found);
	return rc;
}
