/*
 * Model A: shootdown against switch-in.
 *
 * Harts switch among NS user spaces and the kernel's own root without taking any lock, while any of
 * them unmaps, write-protects, evicts or destroys under the page-table lock of the space. The steps
 * carry the names (A1..A8 for the switch, S1..S10 for the shooter, D1..D2 for destroy) that the C
 * code quotes; README.md tells what each one means there.
 *
 * Translation caches follow the privileged specification literally: an implicit read may return any
 * translation valid at any time since the hart's last SFENCE.VMA that covers it. may[h].s[a] is
 * that whole set, so a use of *any* member is tried; a cache that happens to hold less is a subset
 * of the behaviours seen here. It grows whether or not the hart runs the space, which also allows
 * for every speculative walk around the write of satp.
 *
 * Memory is weak: a store to cur[], a user store and (where nothing orders it) an entry store
 * reaches the other harts at any later time, in any order; only what a fence or an ordered AMO
 * covers is flushed by it. A store followed at once by its fence is one step.
 *
 * Each of these macros seeds one bug that the model has to find:
 *	NO_NEW_FLUSH, NO_STALE_FLUSH	A6 flushes only for the other reason
 *	NO_SWITCH_FENCE			A3 left out
 *	RELAXED_CLEAR			A5 is a plain amoand, ordered before nothing
 *	CLEAR_LATE			A5 after A6
 *	FLUSH_AFTER (with TABLE)	A6 after A7
 *	NO_TAG				A1 publishes the new space only, no A8
 *	NO_ORDER_FENCE			S3 left out
 *	NO_TARGET_FENCE			S6 left out
 *	NO_REMOTE_FENCE, NO_LOCAL_FENCE	half of S8 left out
 *	UNLOCK_EARLY			S9 right after S2
 *	FREE_EARLY			S10 right after S2
 */
#ifndef NH
#define NH 2			/* harts */
#endif
#ifndef NS
#define NS 2			/* user spaces; the kernel's own root is number NS */
#endif

#ifndef FILE_SPACES
#define FILE_SPACES 1		/* spaces that may map the file's page */
#endif

/* Fewer roles make room for more harts: which harts may shoot, and which may switch. */
#ifndef SHOOTERS
#define SHOOTERS 7
#endif
#ifndef SWITCHERS
#define SWITCHERS 7
#endif
#ifndef IDLE
#define IDLE 1			/* harts may return to the kernel's root */
#endif
#ifndef DESTROYED
#define DESTROYED NS		/* spaces below this number are destroyed and made anew */
#endif

#define KERNEL	NS
#define NOBODY	3
/* Tag in cur: satp may still name the old space, whichever that is. */
#ifdef NO_TAG
#define SWITCHING 0
#else
#define SWITCHING 4
#endif
#define ENTERS(w, a)	(((w) & 3) == (a))
#define NAMES(w, a)	(ENTERS(w, a) || ((w) & SWITCHING))
#define BIT(h)	(1 << (h))

/* An entry is one of these or 0; a cache is a set of them. */
#define FILE_R	1		/* frame 0, a page of a file, read-only */
#define FILE_W	2		/* frame 0, writable */
#define ANON	4		/* frame 1: anonymous and writable; with TABLE a page-table page */

/* Frame 0 */
#define EMPTY	0		/* freed: whoever still reaches it is wrong */
#define CLEAN	1
#define DIRTY	2
#define WB	3		/* writeback_begin has returned, the device may be reading */

/* What a shooter is about */
#define UNMAP	0
#define PROTECT	1		/* writeback_begin */
#define EVICT	2
#define narrows(kind)	(kind == PROTECT -> FILE_W : FILE_R)

typedef cache {
	byte s[NS];
};

cache may[NH];
byte satp[NH] = KERNEL;
byte own_cur[NH] = KERNEL;	/* newest value, as the hart itself sees it */
byte cur[NH] = KERNEL;		/* as the others see it */
byte user_store[NH];		/* store of user code not yet in memory: 0, or 1 + target */

byte pte[NS];
byte ran[NS];
byte stale[NS];
bit table_lock[NS];
bit object_lock;
unsigned file : 2 = EMPTY;
unsigned anon_owner : 2 = NOBODY;

#ifdef NO_ORDER_FENCE
bit entry_pending[NS];		/* the entry's new value sits in the shooter's store buffer */
byte entry_new[NS];
#endif
#ifdef RELAXED_CLEAR
bit clear_pending[NH];
byte clear_space[NH];
#endif

/* A translation became visible: every hart may cache it from now on. */
inline visible_entry(a, value)
{
	pte[a] = value;
	may[0].s[a] = may[0].s[a] | value;
	may[1].s[a] = may[1].s[a] | value;
#if NH > 2
	may[2].s[a] = may[2].s[a] | value;
#endif
}

/* sfence.vma x0, asid on hart h */
inline flush(h, a)
{
	may[h].s[a] = pte[a];
}

/* A user store leaves the buffer: its frame must still be what it was when the store was made. */
inline drain_store(h)
{
	assert(user_store[h] != 1 || file == DIRTY);
	assert(user_store[h] < 2 || anon_owner == user_store[h] - 2);
	user_store[h] = 0;
}

/* fence rw,rw on hart h */
inline fence(h)
{
	cur[h] = own_cur[h];
	drain_store(h);
#ifdef RELAXED_CLEAR
	if
	:: clear_pending[h] -> stale[clear_space[h]] = stale[clear_space[h]] & ~BIT(h);
		clear_pending[h] = 0; clear_space[h] = 0
	:: else
	fi;
#endif
}

/* The table walker of a hart may follow what it caches whenever satp names the space. */
#ifdef TABLE
#define WALK_OK(h, a) \
	(satp[h] != (a) || !(may[h].s[a] & ANON) || anon_owner == (a))
#else
#define WALK_OK(h, a) true
#endif

inline free_anon()
{
	anon_owner = NOBODY;
	assert(WALK_OK(0, 0) && WALK_OK(1, 0));
#if NS > 1
	assert(WALK_OK(0, 1) && WALK_OK(1, 1));
#endif
#if NH > 2
	assert(WALK_OK(2, 0));
#if NS > 1
	assert(WALK_OK(2, 1));
#endif
#endif
}

/* User code on hart h uses any translation it may have. */
inline user_access(h, a)
{
	/* no access after the frame went elsewhere; no old entry of a recycled ASID */
	assert(!(may[h].s[a] & (FILE_R | FILE_W)) || file != EMPTY);
#ifndef TABLE
	assert(!(may[h].s[a] & ANON) || anon_owner == a);
	/* never two frames for one address */
	assert(!(may[h].s[a] & ANON) || !(may[h].s[a] & (FILE_R | FILE_W)));
#endif
	/* no store through W once writeback_begin has returned, nor on a clean page */
	assert(!(may[h].s[a] & FILE_W) || file == DIRTY);
}

#define CAN_ENTER(n)	((SWITCHERS & BIT(me)) && space != (n))
#define CAN_UNMAP(n)	\
	((SHOOTERS & BIT(me)) && (n) < NS && !table_lock[(n) % NS] && pte[(n) % NS] != 0)

/* No thread of the space runs or is about to (its own_cur would enter it), nobody walks its
 * tables, and no hart *names* it as far as this one can see. */
#define NOT_ON(h, n)	\
	(!ENTERS(own_cur[h], n) && (me == (h) || !NAMES(cur[h], n)))
#if NH > 2
#define ON_NONE(n)	(NOT_ON(0, n) && NOT_ON(1, n) && NOT_ON(2, n))
#else
#define ON_NONE(n)	(NOT_ON(0, n) && NOT_ON(1, n))
#endif
#define CAN_DESTROY(n)	\
	((SHOOTERS & BIT(me)) && (n) < DESTROYED && (ran[(n) % NS] || pte[(n) % NS]) && !table_lock[(n) % NS] && \
	!object_lock && ON_NONE(n))

/* Whatever sits in a store buffer reaches memory at some time. */
active proctype buffers()
{
end:
	do
	:: d_step { cur[0] != own_cur[0] -> cur[0] = own_cur[0] }
	:: d_step { cur[1] != own_cur[1] -> cur[1] = own_cur[1] }
	:: d_step { user_store[0] != 0 -> drain_store(0) }
	:: d_step { user_store[1] != 0 -> drain_store(1) }
#if NH > 2
	:: d_step { cur[2] != own_cur[2] -> cur[2] = own_cur[2] }
	:: d_step { user_store[2] != 0 -> drain_store(2) }
#endif
#ifdef NO_ORDER_FENCE
	:: d_step { entry_pending[0] -> visible_entry(0, entry_new[0]);
		entry_pending[0] = 0; entry_new[0] = 0 }
#if NS > 1
	:: d_step { entry_pending[1] -> visible_entry(1, entry_new[1]);
		entry_pending[1] = 0; entry_new[1] = 0 }
#endif
#endif
#ifdef RELAXED_CLEAR
	:: d_step { clear_pending[0] -> stale[clear_space[0]] = stale[clear_space[0]] & ~1;
		clear_pending[0] = 0; clear_space[0] = 0 }
	:: d_step { clear_pending[1] -> stale[clear_space[1]] = stale[clear_space[1]] & ~2;
		clear_pending[1] = 0; clear_space[1] = 0 }
#endif
	od
}

#define FIRST_OTHER	(me == 0)
#define NEXT_OTHER	other = other + 1 + (other + 1 == me)

inline read_cur(a)
{
	do
	:: d_step { other < NH ->
		targets = targets | (NAMES(cur[other], a) -> BIT(other) : 0);
		NEXT_OTHER }
	:: else -> break
	od
}

inline drain_entry(a)
{
#ifdef NO_ORDER_FENCE
	if
	:: entry_pending[a] -> visible_entry(a, entry_new[a]);
		entry_pending[a] = 0; entry_new[a] = 0
	:: else
	fi
#else
	skip
#endif
}

/* One space's entry is narrowed to `value`; the caller holds its page-table lock. S2..S8. */
inline shoot(a, value)
{
	/* S2 clear entries, S3 order entries: nothing happens between, so one step. */
#ifdef NO_ORDER_FENCE
	d_step { entry_pending[a] = 1; entry_new[a] = value };
#else
	d_step { visible_entry(a, value); fence(me) };
#endif
#ifdef UNLOCK_EARLY
	table_lock[a] = 0;
#endif
#ifdef FREE_EARLY
	if
	:: kind == UNMAP && old == ANON -> d_step { free_anon() }
	:: kind == EVICT -> file = EMPTY
	:: else
	fi;
#endif
	/* S4 read ran */
	targets = ran[a] & ~BIT(me);
#ifdef NO_TARGET_FENCE
	/* without S6 the reads of cur may overtake the AMO, whose result nobody needs */
	d_step { mark = targets; targets = 0; other = FIRST_OTHER };
	read_cur(a);
	atomic { stale[a] = stale[a] | mark; mark = 0; other = FIRST_OTHER };
#else
	/* S5 set stale: amoor, S6 order stale before cur */
	d_step {
		stale[a] = stale[a] | targets;
		targets = 0;
		other = FIRST_OTHER;
		fence(me);
		drain_entry(a)
	};
	/* S7 read cur, hart by hart */
	read_cur(a);
	other = FIRST_OTHER;
#endif
	/* S8 fence targets. The firmware answers whatever the target is doing, even while it
	 * spins for a lock; its acknowledgement comes after the target's earlier stores. */
#ifdef NO_REMOTE_FENCE
	targets = 0;
#else
	do
	:: d_step { other < NH && (targets & BIT(other)) ->
		drain_store(other);
		flush(other, a);
		NEXT_OTHER }
	:: d_step { other < NH && !(targets & BIT(other)) -> NEXT_OTHER }
	:: else -> break
	od;
#endif
	/* ... and this hart. One that does not run the space may as well mark itself stale. */
#ifndef NO_LOCAL_FENCE
	if
	:: flush(me, a)
	:: satp[me] != a -> stale[a] = stale[a] | (ran[a] & BIT(me))
	fi;
#endif
	atomic { targets = 0; other = 0 }
}

proctype hart(byte me)
{
	unsigned space : 2 = KERNEL;	/* what the hart runs */
	unsigned next : 2;
	unsigned targets : NH;
#ifdef NO_TARGET_FENCE
	unsigned mark : NH;
#endif
	unsigned other : 2;
	unsigned kind : 2;
	unsigned old : 3;
	unsigned a : 2;
	bit is_new, is_stale;

end:
	do
	/* user code runs */
	:: d_step { space != KERNEL -> user_access(me, space) }
	:: d_step { space != KERNEL && (may[me].s[space] & FILE_W) && user_store[me] == 0 ->
		user_access(me, space); user_store[me] = 1 }
#ifndef TABLE
	:: d_step { space != KERNEL && (may[me].s[space] & ANON) && user_store[me] == 0 ->
		user_access(me, space); user_store[me] = 2 + space }
#endif

	/* faults widen: no remote fence */
	:: d_step { space != KERNEL && !table_lock[space] && pte[space] == 0 &&
			anon_owner == NOBODY ->
		anon_owner = space; visible_entry(space, ANON) }
	:: d_step { space != KERNEL && space < FILE_SPACES && !table_lock[space] &&
			!object_lock && pte[space] == 0 ->
		file = (file == EMPTY -> CLEAN : file);
		if
		:: file == DIRTY -> visible_entry(space, FILE_W)
		:: else -> visible_entry(space, FILE_R)
		fi }
	:: d_step { space != KERNEL && !table_lock[space] && !object_lock &&
			pte[space] == FILE_R ->
		file = DIRTY; visible_entry(space, FILE_W) }
	:: d_step { file == WB && !object_lock -> file = CLEAN }	/* writeback_end */

	/* switch to another space */
	:: atomic {
		if
		:: CAN_ENTER(0) -> next = 0
#if NS > 1
		:: CAN_ENTER(1) -> next = 1
#endif
		:: IDLE && CAN_ENTER(KERNEL) -> next = KERNEL
		fi;
		/* A1 publish cur */
		own_cur[me] = next | SWITCHING
	   }
	   if
	   :: next != KERNEL ->
		/* A2 join ran */
		d_step { is_new = !(ran[next] & BIT(me)); ran[next] = ran[next] | BIT(me) };
		/* A3 order cur before stale, A4 read stale: the buffer may drain earlier anyway */
		d_step {
#ifndef NO_SWITCH_FENCE
			fence(me);
#endif
			is_stale = (stale[next] & BIT(me)) != 0
		};
#ifndef CLEAR_LATE
		/* A5 clear stale */
		if
#ifdef RELAXED_CLEAR
		:: is_stale -> d_step { !clear_pending[me] ->
			clear_pending[me] = 1; clear_space[me] = next }
#else
		:: is_stale -> stale[next] = stale[next] & ~BIT(me)
#endif
		:: else
		fi;
#endif
	   :: else ->
#ifndef NO_SWITCH_FENCE
		d_step { fence(me) }
#else
		skip
#endif
	   fi;
#ifdef FLUSH_AFTER
	   d_step { satp[me] = next; assert(next == KERNEL || WALK_OK(me, next)) };
#endif
	   /* A6 flush */
	   if
#ifdef NO_NEW_FLUSH
	   :: is_stale -> d_step { flush(me, next) }
#elif defined(NO_STALE_FLUSH)
	   :: is_new -> d_step { flush(me, next) }
#else
	   :: is_new || is_stale -> d_step { flush(me, next) }
#endif
	   :: else
	   fi;
#ifndef FLUSH_AFTER
	   /* A7 write satp */
	   d_step { satp[me] = next; assert(next == KERNEL || WALK_OK(me, next)) };
#endif
#ifdef CLEAR_LATE
	   if
	   :: is_stale -> stale[next] = stale[next] & ~BIT(me)
	   :: else
	   fi;
#endif
	   /* A8 untag cur */
	   d_step {
		own_cur[me] = next;
		space = next; next = 0; is_new = 0; is_stale = 0
	   }

	/* unmap in any space, current or not: S1 lock tables */
	:: atomic {
		if
		:: CAN_UNMAP(0) -> a = 0
		:: CAN_UNMAP(1) -> a = 1
		fi;
		table_lock[a] = 1; old = pte[a]; kind = UNMAP
	   }
	   shoot(a, 0);
	   /* S9 unlock tables */
	   table_lock[a] = 0;
	   /* S10 drop references */
	   d_step {
		if
		:: old == ANON -> free_anon()
		:: else
		fi;
		old = 0; a = 0
	   }

	/* writeback_begin and eviction: object lock, then one page-table lock at a time */
	:: atomic {
		(SHOOTERS & BIT(me)) && !object_lock && (file == DIRTY || file == CLEAN) ->
		object_lock = 1;
		kind = (file == DIRTY -> PROTECT : EVICT);
		a = 0
	   }
	   do
	   :: a < FILE_SPACES ->
		if
		:: atomic { !table_lock[a] && pte[a] == narrows(kind) ->
			table_lock[a] = 1; old = pte[a] }
		   shoot(a, (kind == PROTECT -> FILE_R : 0));
		   table_lock[a] = 0;
		:: atomic { !table_lock[a] && pte[a] != narrows(kind) -> skip }
		fi;
		atomic { old = 0; a++ }
	   :: else -> break
	   od;
	   atomic {
		file = (kind == PROTECT -> WB : EMPTY);
		object_lock = 0; kind = 0; a = 0
	   }

	/* destroy a space none of whose threads runs; its ASID is used again at once.
	 * D1 wait until no hart names it */
	:: atomic {
		if
		:: CAN_DESTROY(0) -> a = 0
		:: CAN_DESTROY(1) -> a = 1
		fi;
		/* D2 free tables: the root of a hart that still uses it would go, too */
		assert(satp[0] != a && satp[1] != a);
#if NH > 2
		assert(satp[2] != a);
#endif
		if
		:: pte[a] == ANON -> free_anon()
		:: else
		fi;
		d_step { pte[a] = 0; ran[a] = 0; stale[a] = 0; a = 0 }
	   }
	od
}

init {
	atomic {
		run hart(0);
		run hart(1);
#if NH > 2
		run hart(2);
#endif
	}
}
