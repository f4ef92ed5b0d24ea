/* picolibc's <stdio.h>, and what POSIX adds to it. */
#ifndef _QUIRE_STDIO_H
#define _QUIRE_STDIO_H

#include_next <stdio.h>
#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS

#define FILENAME_MAX 1024
#define FOPEN_MAX    1024
#define L_ctermid    16
#undef L_tmpnam
#define L_tmpnam 32
#undef P_tmpdir
#define P_tmpdir "/tmp"
#undef TMP_MAX
#define TMP_MAX 238328
#undef BUFSIZ
#define BUFSIZ 4096

FILE *popen(const char *command, const char *mode);
int pclose(FILE *stream);
ssize_t getline(char **__restrict line, size_t *__restrict size, FILE *__restrict stream);
ssize_t getdelim(
	char **__restrict line, size_t *__restrict size, int delimiter, FILE *__restrict stream);
int dprintf(int fd, const char *__restrict format, ...) __attribute__((__format__(printf, 2, 3)));
int vdprintf(int fd, const char *__restrict format, __gnuc_va_list args);
int renameat(int old_dir, const char *old_path, int new_dir, const char *new_path);
char *ctermid(char *buf);
char *tempnam(const char *dir, const char *prefix);
FILE *open_memstream(char **buf, size_t *size);
void flockfile(FILE *stream);
int ftrylockfile(FILE *stream);
void funlockfile(FILE *stream);
int fileno_unlocked(FILE *stream);

int getc_unlocked(FILE *stream);
int getchar_unlocked(void);
int putc_unlocked(int c, FILE *stream);
int putchar_unlocked(int c);

#define getc_unlocked(stream)	    getc(stream)
#define getchar_unlocked()	    getchar()
#define putc_unlocked(c, stream)    putc(c, stream)
#define putchar_unlocked(c)	    putchar(c)
#define fgetc_unlocked(stream)	    fgetc(stream)
#define fputc_unlocked(c, stream)   fputc(c, stream)
#define fputs_unlocked(s, stream)   fputs(s, stream)
#define fflush_unlocked(stream)	    fflush(stream)
#define fread_unlocked(p, s, n, f)  fread(p, s, n, f)
#define fwrite_unlocked(p, s, n, f) fwrite(p, s, n, f)

__END_DECLS

#endif
