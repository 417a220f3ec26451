//! What every back end must do, case by case.
//!
//! A case takes two stores on one database, as two processes would have them, and
//! most use one. A new back end is one line in `main.rs`: `suite!(name, stores)`,
//! where `stores` opens two on an empty database and keeps its place for as long as
//! the first of the returned values lives.

pub(crate) mod archive;
pub(crate) mod audit;
pub(crate) mod handling;
pub(crate) mod history;
pub(crate) mod intake;
pub(crate) mod lane;
pub(crate) mod learning;
pub(crate) mod library;
pub(crate) mod outbox;
pub(crate) mod pages;
pub(crate) mod queries;
pub(crate) mod races;
pub(crate) mod roster;
pub(crate) mod search;
pub(crate) mod upkeep;

macro_rules! suite {
    ($name:ident, $stores:path) => {
        $crate::conformance::suite! { @of $name, $stores;
            roster {
                an_added_source_is_kept_whole_and_moves_the_revision
                a_switch_holds_beside_an_entry_and_alone
                only_what_was_added_can_be_removed
                an_added_source_begins_anew
                another_process_sees_each_change
            }
            intake {
                new_items_wait_and_known_ones_are_repeats
                the_cursor_stays_unless_a_poll_brings_one
                a_failed_poll_is_counted_until_the_next_success
                an_unchanged_statement_changes_nothing
                statements_of_several_sources_are_fused
                a_promoted_statement_becomes_an_item
                a_known_statement_becomes_an_item_once_a_keyword_promotes_it
                a_mere_record_becomes_an_item_when_its_cve_has_an_incident
                a_changed_fact_moves_its_incident_although_the_text_is_the_same
                a_poll_with_nothing_new_is_no_event
                a_category_knows_the_cves_of_its_weaknesses
                an_older_statement_undoes_nothing
                documents_of_one_source_stand_beside_each_other
            }
            audit {
                a_ledger_is_kept_beside_the_state
                one_source_is_found_by_its_name
                an_episode_is_told_once_and_ended_once
                a_telling_is_written_whole_or_not_at_all
                what_is_held_of_a_source_is_counted_by_cve
                cves_of_which_only_one_source_speaks_are_counted
            }
            lane {
                waiting_items_come_oldest_first
                a_lease_is_held_by_one_until_it_expires_or_is_given_back
                who_lost_the_lane_cannot_commit
                a_placement_is_written_whole
                an_item_is_placed_once
                an_irrelevant_item_has_a_placement_but_no_incident
                a_placement_with_an_unknown_alert_writes_nothing
                a_sitting_sees_what_it_placed_and_others_do_not
                what_fails_in_a_sitting_costs_itself_only
                a_sitting_that_is_left_leaves_nothing
                the_version_is_another_after_each_commit
                candidates_share_an_edit_an_address_a_text_or_a_cve
                the_same_text_links_for_thirty_days
                items_told_in_other_words_are_found_by_their_words
                many_candidates_are_cut_to_the_latest_but_keep_strong_links
                what_people_decided_survives_a_placement
            }
            outbox {
                a_claimed_delivery_comes_with_its_alerts_and_incidents
                alerts_on_one_story_join_the_waiting_delivery
                nothing_joins_a_delivery_that_was_claimed_or_tried
                a_digest_collects_many_stories_and_has_no_thread
                notices_never_join
                the_gap_counts_from_the_last_message_of_the_story
                the_gap_also_holds_for_what_was_written_while_a_message_was_on_its_way
                an_expired_claim_can_be_claimed_again_under_the_same_id
                one_story_is_told_in_order
                follow_ups_know_the_thread
                a_delivery_that_must_wait_is_due_later
                a_dead_delivery_can_be_replayed
                a_paused_channel_keeps_its_deliveries_and_tells_others_once
                the_latest_attempts_are_kept
                who_got_through_decides
                deliveries_are_listed_by_state
                memos_are_kept_per_channel
                strangers_are_refused
            }
            library {
                an_incident_shows_all_that_belongs_to_it
                the_latest_items_leave_repeats_out
                alerts_of_a_rule_are_the_latest_of_each_incident
                events_are_numbered_and_a_gap_is_told
                changes_wake_readers
                totals_count_everything
                a_probe_writes_and_reads
            }
            pages {
                each_filter_narrows
                the_worst_come_first
                a_cursor_of_another_list_is_refused
                limits_are_kept_within_bounds
                pages_give_each_incident_once_while_others_are_added
                totals_beyond_ten_thousand_are_estimates
            }
            search {
                words_are_found_in_any_form
                phrases_stand_together
                a_star_finds_what_begins_so
                names_are_found_whole_and_in_parts
                hindi_is_found_as_it_is_written
                authors_and_sources_are_found
                hostile_queries_are_only_words
                common_words_are_found_through_other_filters
            }
            queries {
                random_queries_find_what_the_evaluator_finds
                a_threat_is_found_by_all_its_names
                names_versions_and_weaknesses_are_found
                what_is_said_of_a_cve_later_is_found_too
                the_most_telling_come_first
                how_it_is_looked_up_is_told
                facets_count_what_is_found
                known_names_are_offered
                searches_are_kept_by_name
            }
            archive {
                a_document_is_kept_once_though_read_twice
                a_poll_keeps_its_documents_with_what_they_brought
                retention_forgets_the_oldest_first
                readings_are_found_by_source_and_time
                a_second_reading_finds_what_was_lost_and_undoes_nothing
                a_second_reading_of_the_same_words_replaces_ours
                a_revised_story_keeps_what_people_decided
                an_irrelevant_item_can_be_placed_anew
            }
            learning {
                what_is_said_is_kept_listed_and_taken_back
                what_is_said_and_taken_back_stands_in_the_history
                what_is_said_holds_for_the_incident_and_survives_a_placement
                an_incident_that_moved_on_takes_no_feedback
                an_item_said_to_be_relevant_waits_again
                the_said_of_a_new_item_reaches_the_incident_it_joins
                decisions_are_numbered_listed_and_pruned
                the_items_placed_last_are_given
            }
            history {
                a_changed_score_is_history_and_an_edit_is_not
                a_load_tells_only_what_a_source_itself_corrected
                the_history_of_a_cve_is_bounded
                a_cve_shows_who_says_what_and_its_incidents
                vulnerabilities_are_listed_in_pages
            }
            handling {
                a_status_is_set_and_told
                tags_people_and_notes_are_kept_within_limits
                a_revision_that_is_gone_is_refused
                how_an_incident_developed_is_kept
                a_split_opens_an_incident_and_stays
                a_merge_takes_all_along_and_its_name_leads_on
                a_merge_joins_what_waits_and_keeps_the_thread
                what_was_taken_out_waits_and_does_not_come_back
                two_that_are_kept_apart_are_told_so
                who_lost_the_lane_cannot_rearrange
                like_ones_share_rare_words_and_cves
            }
            upkeep {
                a_sound_store_has_nothing_to_tell
                an_outbox_that_stands_still_is_told
                what_waits_and_clocks_that_differ_are_told
                old_things_are_forgotten_with_all_that_hangs_on_them
                what_came_lately_is_kept_however_old_it_is
                a_name_is_forgotten_once_no_source_shows_it
                who_lost_the_lane_forgets_nothing
            }
            races {
                two_stores_write_to_one_database
                two_lanes_take_turns
                two_claimers_never_get_the_same_delivery
                the_same_items_from_two_processes_are_stored_once
            }
        }
    };
    (@of $name:ident, $stores:path; $($part:ident { $($case:ident)* })*) => {
        mod $name {
            $(mod $part {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let (place, one, other) = $stores().await;
                    $crate::conformance::$part::$case(one, other).await;
                    drop(place);
                })*
            })*
        }
    };
}
pub(crate) use suite;
