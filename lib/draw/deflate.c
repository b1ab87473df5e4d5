/* RFC 1950 and 1951. A block is 32,768 tokens with Huffman codes of its own: lengths of
 * literals' codes, then of distances', then the tokens, then the code for the end. */
#include "draw/deflate.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
	RUN = 1 << 14, ABOVE = 1 << 15, LENGTH = 0x1ff, /* of a token */
	LEAST = 3, MOST = DEFLATE_MOST_LENGTH,
	MOST_TOKEN = 8, /* bytes: 15 + 5 and 15 + 13 bits */
	BLOCK_END = 256,
	MOST_BITS = 15, MOST_CODE_BITS = 7, CODE_LENGTHS = 19
};

/* Codes as they are written: the first bit lowest. */
struct codes {
	uint16_t code[DEFLATE_LITERALS];
	uint8_t bits[DEFLATE_LITERALS];
};

static void put(struct deflate *d, uint32_t value, unsigned n)
{
	d->bits |= (uint64_t)value << d->nbits;
	d->nbits += n;
	if (d->nbits < 32)
		return;
	{
		uint8_t bytes[4] = { (uint8_t)d->bits, (uint8_t)(d->bits >> 8),
				     (uint8_t)(d->bits >> 16), (uint8_t)(d->bits >> 24) };

		buf_add(d->out, bytes, sizeof bytes);
	}
	d->bits >>= 32;
	d->nbits -= 32;
}

struct symbol {
	uint32_t count;
	uint16_t symbol;
};

static int by_count(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	return x->symbol < y->symbol ? -1 : 1;
}

/* How many codes there are of each number of bits, for n symbols in ascending order of
 * their counts: Huffman's, by two queues. */
static void count_bits(const struct symbol *s, unsigned n, unsigned counts[64])
{
	uint64_t weight[2 * DEFLATE_LITERALS];
	uint16_t parent[2 * DEFLATE_LITERALS];
	uint8_t depth[2 * DEFLATE_LITERALS];
	unsigned leaf = 0, inner = n, end = n;

	for (unsigned i = 0; i < n; i++)
		weight[i] = s[i].count;
	while (end < 2 * n - 1) {
		uint64_t sum = 0;

		for (int k = 0; k < 2; k++) {
			bool take_leaf = leaf < n && (inner >= end || weight[leaf] <= weight[inner]);
			unsigned i = take_leaf ? leaf++ : inner++;

			sum += weight[i];
			parent[i] = (uint16_t)end;
		}
		weight[end++] = sum;
	}
	depth[end - 1] = 0;
	for (unsigned i = end - 1; i-- > 0;) {
		depth[i] = (uint8_t)(depth[parent[i]] + 1);
		if (i < n)
			counts[depth[i] < 63 ? depth[i] : 63]++;
	}
}

/* Brings codes that are too long to `most` bits, and lengthens others until there is
 * room for all (Kraft). */
static void limit_bits(unsigned counts[64], unsigned most)
{
	uint32_t used = 0;

	for (unsigned i = most + 1; i < 64; i++) {
		counts[most] += counts[i];
		counts[i] = 0;
	}
	for (unsigned i = 1; i <= most; i++)
		used += counts[i] << (most - i);
	while (used > 1u << most) {
		unsigned i = most - 1;

		while (counts[i] == 0)
			i--;
		counts[i]--;
		counts[i + 1] += 2;
		counts[most]--;
		used--;
	}
}

static uint16_t reversed(unsigned code, unsigned bits)
{
	unsigned to = 0;

	for (; bits != 0; bits--, code >>= 1)
		to = to << 1 | (code & 1);
	return (uint16_t)to;
}

static void make_codes(struct codes *c, const uint32_t *counts, unsigned n, unsigned most)
{
	struct symbol used[DEFLATE_LITERALS];
	unsigned nused = 0, lengths[64] = { 0 }, next[MOST_BITS + 2] = { 0 };

	memset(c, 0, sizeof *c);
	for (unsigned i = 0; i < n; i++)
		if (counts[i] != 0)
			used[nused++] = (struct symbol){ counts[i], (uint16_t)i };
	if (nused == 0)
		return;
	qsort(used, nused, sizeof used[0], by_count);
	if (nused == 1)
		lengths[1] = 1;
	else
		count_bits(used, nused, lengths);
	limit_bits(lengths, most);
	/* The rarest come first, and get the longest. */
	for (unsigned bits = most, i = 0; bits > 0; bits--)
		for (unsigned k = 0; k < lengths[bits]; k++)
			c->bits[used[i++].symbol] = (uint8_t)bits;
	for (unsigned bits = 1; bits <= most; bits++)
		next[bits + 1] = (next[bits] + lengths[bits]) << 1;
	for (unsigned i = 0; i < n; i++)
		if (c->bits[i] != 0)
			c->code[i] = reversed(next[c->bits[i]]++, c->bits[i]);
}

/* The lengths of both tables' codes, themselves in codes, one by one. */
static void put_tables(struct deflate *d, const struct codes *literals,
		       const struct codes *distances)
{
	static const uint8_t order[CODE_LENGTHS] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4,
						     12, 3, 13, 2, 14, 1, 15 };
	uint32_t counts[CODE_LENGTHS] = { 0 };
	struct codes codes;

	for (unsigned i = 0; i < DEFLATE_LITERALS; i++)
		counts[literals->bits[i]]++;
	for (unsigned i = 0; i < DEFLATE_DISTANCES; i++)
		counts[distances->bits[i]]++;
	make_codes(&codes, counts, CODE_LENGTHS, MOST_CODE_BITS);
	put(d, DEFLATE_LITERALS - 257, 5);
	put(d, DEFLATE_DISTANCES - 1, 5);
	put(d, CODE_LENGTHS - 4, 4);
	for (unsigned i = 0; i < CODE_LENGTHS; i++)
		put(d, codes.bits[order[i]], 3);
	for (unsigned i = 0; i < DEFLATE_LITERALS; i++)
		put(d, codes.code[literals->bits[i]], codes.bits[literals->bits[i]]);
	for (unsigned i = 0; i < DEFLATE_DISTANCES; i++)
		put(d, codes.code[distances->bits[i]], codes.bits[distances->bits[i]]);
}

/* A length is a code and some bits: 257 to 264 are 3 to 10, then four codes share each
 * number of further bits, and 258 has one of its own. */
static struct length length_of(unsigned length)
{
	unsigned n = length - LEAST, bits = 0;

	if (length == MOST)
		return (struct length){ 285, 0, 0 };
	while (n >> bits > 7)
		bits++;
	return (struct length){ (uint16_t)(257 + 4 * bits + (n >> bits)), (uint8_t)bits,
				(uint8_t)(n & ((1u << bits) - 1)) };
}

/* Bits on their way: what put() does, without asking for room each time. */
struct stream {
	uint64_t bits;
	unsigned nbits; /* less than 32 */
	char *to;
};

/* At most 32 bits. */
static inline void push(struct stream *s, uint32_t value, unsigned n)
{
	s->bits |= (uint64_t)value << s->nbits;
	s->nbits += n;
	if (s->nbits >= 32) {
		for (int i = 0; i < 4; i++)
			s->to[i] = (char)(s->bits >> 8 * i & 0xff);
		s->to += 4;
		s->bits >>= 32;
		s->nbits -= 32;
	}
}

static void put_tokens(struct deflate *d, const struct codes *literals,
		       const struct codes *distances)
{
	struct stream s = { d->bits, d->nbits, NULL };
	unsigned above = d->above_code, above_bits = distances->bits[above] + d->above_bits;
	uint32_t above_code = distances->code[above] | d->above_extra << distances->bits[above];

	if (!buf_reserve(d->out, (size_t)MOST_TOKEN * d->ntokens))
		return;
	s.to = d->out->data + d->out->len;
	for (uint32_t i = 0; i < d->ntokens; i++) {
		uint16_t token = d->tokens[i];
		const struct length *l;

		if ((token & (RUN | ABOVE)) == 0) {
			push(&s, literals->code[token], literals->bits[token]);
			continue;
		}
		l = &d->lengths[token & LENGTH];
		push(&s, literals->code[l->code] | (uint32_t)l->extra << literals->bits[l->code],
		     literals->bits[l->code] + l->nextra);
		if (token & RUN)
			push(&s, distances->code[0], distances->bits[0]);
		else
			push(&s, above_code, above_bits);
	}
	d->bits = s.bits;
	d->nbits = s.nbits;
	d->out->len = (size_t)(s.to - d->out->data);
}

static void put_block(struct deflate *d, bool last)
{
	struct codes literals, distances;

	d->literals[BLOCK_END] = 1;
	make_codes(&literals, d->literals, DEFLATE_LITERALS, MOST_BITS);
	make_codes(&distances, d->distances, DEFLATE_DISTANCES, MOST_BITS);
	put(d, last, 1);
	put(d, 2, 2); /* with codes of its own */
	put_tables(d, &literals, &distances);
	put_tokens(d, &literals, &distances);
	put(d, literals.code[BLOCK_END], literals.bits[BLOCK_END]);
	d->ntokens = 0;
	memset(d->literals, 0, sizeof d->literals);
	memset(d->distances, 0, sizeof d->distances);
}

static void add_token(struct deflate *d, uint16_t token)
{
	d->tokens[d->ntokens++] = token;
	if (d->ntokens == DEFLATE_TOKENS)
		put_block(d, false);
}

static void add_literal(struct deflate *d, uint8_t byte)
{
	d->literals[byte]++;
	add_token(d, byte);
}

static void add_match(struct deflate *d, uint32_t length, uint16_t kind)
{
	while (length != 0) {
		/* No rest shorter than a match can be. */
		uint32_t n = length <= MOST ? length : length - MOST < LEAST ? MOST - LEAST : MOST;

		d->literals[d->lengths[n].code]++;
		d->distances[kind == RUN ? 0 : d->above_code]++;
		add_token(d, (uint16_t)(n | kind));
		length -= n;
	}
}

static uint64_t word_at(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return word;
}

/* The first byte of a word, as it lies, that is not 0. */
static uint32_t first_byte(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (uint32_t)__builtin_ctzll(word) / 8;
#else
	return (uint32_t)__builtin_clzll(word) / 8;
#endif
}

/* How many bytes from the beginning are equal. */
static uint32_t equal(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	uint32_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint64_t other = word_at(a + i) ^ word_at(b + i);

		if (other != 0)
			return i + first_byte(other);
	}
	while (i < n && a[i] == b[i])
		i++;
	return i;
}

static uint32_t count_zeros(const uint8_t *p, uint32_t n)
{
	uint32_t i = 0;

	while (i + 16 <= n && (word_at(p + i) | word_at(p + i + 8)) == 0)
		i += 16;
	while (i < n && p[i] == 0)
		i++;
	return i;
}

/* How many bytes there are before the next sixteen zeros, or so. */
static uint32_t count_others(const uint8_t *p, uint32_t n)
{
	uint32_t i = 0;

	while (i + 16 <= n && (word_at(p + i) | word_at(p + i + 8)) != 0)
		i += 16;
	return i + 16 <= n ? i : n;
}

/* Adler's sum, of which zeros change the upper half alone, by the lower each: most of a
 * row is paper, whose number is 0. */
static uint32_t add_to_sum(uint32_t adler, const uint8_t *p, uint32_t n)
{
	const uint32_t prime = 65521;

	while (n != 0) {
		uint32_t zeros = count_zeros(p, n), others = count_others(p + zeros, n - zeros);
		uint64_t high = adler >> 16, low = adler & 0xffff;

		adler = (uint32_t)((high + zeros * low) % prime << 16 | low);
		adler = (uint32_t)adler32(adler, p + zeros, others);
		p += zeros + others;
		n -= zeros + others;
	}
	return adler;
}

void deflate_begin(struct deflate *d, struct buf *out, uint32_t row)
{
	unsigned distance = row - 1, bits = 0;

	memset(d, 0, sizeof *d);
	d->out = out;
	d->row = row;
	d->adler = (uint32_t)adler32(0, NULL, 0);
	/* Distances: codes 0 to 3 are 1 to 4, then two codes share each number of bits. */
	while (distance >> bits > 3)
		bits++;
	d->above_bits = bits;
	d->above_extra = distance & ((1u << bits) - 1);
	d->above_code = (uint8_t)(2 * bits + (distance >> bits));
	for (unsigned i = LEAST; i <= MOST; i++)
		d->lengths[i] = length_of(i);
	put(d, 0x78, 8); /* deflate with a window of 32 KiB */
	put(d, 0x01, 8);
}

void deflate_row(struct deflate *d, const uint8_t *row, const uint8_t *above)
{
	uint32_t i = 0;

	d->adler = add_to_sum(d->adler, row, d->row);
	while (i < d->row) {
		uint32_t left = d->row - i;
		uint32_t down = 0, along = 0;

		if (above != NULL && above[i] == row[i])
			down = equal(row + i, above + i, left);
		if (i != 0 && down < left && row[i - 1] == row[i])
			along = equal(row + i, row + i - 1, left);

		if (along >= down && along >= LEAST) {
			add_match(d, along, RUN);
			i += along;
		} else if (down > LEAST) {
			/* The code for the row above is a long one. */
			add_match(d, down, ABOVE);
			i += down;
		} else {
			add_literal(d, row[i++]);
		}
	}
}

void deflate_end(struct deflate *d)
{
	uint32_t adler = d->adler;

	put_block(d, true);
	put(d, 0, (8 - d->nbits % 8) % 8);
	for (int shift = 24; shift >= 0; shift -= 8)
		put(d, adler >> shift & 0xff, 8);
	for (; d->nbits != 0; d->nbits -= 8, d->bits >>= 8)
		buf_addc(d->out, (char)(d->bits & 0xff));
}
